"""The measurements: each starts what it needs, measures, ends it, and gives rows for the table."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import NamedTuple

from presslight import micropython
from presslight.broker.accounts import Accounts
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from presslight.mobile_sim.phone import Phone
from presslight.simulated.chip import ORDINARY
from tests.bench.floor import Pair, bridge_phone, compare, mqtt_phone
from tests.bench.phones import ThinPhone, all_told_ms, confirmed_per_second
from tests.bench.processes import bridge_process, lean_lights
from tests.bench.real_lights import act_us, p99, press_to_light_ms, start_all, weigh
from tests.firmware.footprint import NAME, Places, measured

Row = tuple[str, str, str, bool]
"""What was measured, what was reached, what was aimed for (empty: a part of the one above), and whether it was."""


TICK = ORDINARY[0]
"""What a chip does to each packet."""
PHONES_A_TOKEN = 16
"""Half as many as may be open with one."""


class Sizes(NamedTuple):
    """How much of everything; `throughput_s` is how long presses are counted, in s."""

    pairs: int
    warm: int
    throughput_s: float
    throughput_lights: int
    phones: int
    fan_outs: int
    real_lights: int
    act_rounds: int
    heap_presses: int


FULL = Sizes(
    pairs=1_000,
    warm=100,
    throughput_s=10.0,
    throughput_lights=64,
    phones=2_000,
    fan_outs=20,
    real_lights=200,
    act_rounds=10,
    heap_presses=1_000,
)
SHORT = Sizes(
    pairs=20,
    warm=5,
    throughput_s=0.5,
    throughput_lights=4,
    phones=20,
    fan_outs=4,
    real_lights=2,
    act_rounds=2,
    heap_presses=20,
)
"""Seconds: shows that everything is still measured. Its figures mean nothing."""


class Bench:
    """The measurements, one method each. `broker` is a running Mosquitto that knows `accounts(sizes)`."""

    def __init__(self, sizes: Sizes, accounts: Accounts, broker: BrokerAddress, folder: Path) -> None:
        self.sizes = sizes
        self.accounts = accounts
        self.broker = broker
        self.folder = folder

    def user(self, name: str) -> BrokerAddress:
        """Give the broker's address for one of its users."""
        return self.broker.signed_in_as(name, self.accounts.password(name))

    async def above_the_floor(self) -> list[Row]:
        """Measure press → confirmation through the bridge over the same press as a bare MQTT message."""
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(bridge_process(self.user(BRIDGE_USER), self.folder / "floor"))
            await start_all(exits, self.broker, self.accounts, ["real"], self.folder / "lights")
            await exits.enter_async_context(lean_lights(self.broker, {"lean": self.accounts.password("lean")}))
            rows = []
            for light, what in (("lean", "a light without promises"), ("real", "the firmware")):
                async with (
                    mqtt_phone(self.user(HOME_ASSISTANT_USER), light) as floor,
                    bridge_phone(bridge.url, bridge.token, light) as ours,
                ):
                    pair = await compare(floor, ours, self.sizes.pairs, self.sizes.warm)
                rows.append(_floor_row(what, pair))
            return rows

    async def throughput(self) -> list[Row]:
        """Measure confirmed presses per second through one bridge process over many lights."""
        names = lean_names(self.sizes)
        passwords = {name: self.accounts.password(name) for name in names}
        async with (
            bridge_process(self.user(BRIDGE_USER), self.folder / "throughput") as bridge,
            lean_lights(self.broker, passwords),
        ):
            rate = await confirmed_per_second(bridge.url, bridge.token, names, self.sizes.throughput_s)
        return [(f"confirmed presses per second, {len(names)} lights", f"{rate:,.0f}", "≥ 3,000", rate >= 3_000)]

    async def fan_out(self) -> list[Row]:
        """Measure many phones on one bridge: the memory of each, and the time until all are told of one press."""
        count, turns = self.sizes.phones, self.sizes.fan_outs
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(bridge_process(self.user(BRIDGE_USER), self.folder / "fan-out"))
            await exits.enter_async_context(lean_lights(self.broker, {"lean": self.accounts.password("lean")}))
            presser = await exits.enter_async_context(ThinPhone(bridge.url, bridge.token))
            await presser.knows(["lean"])
            before = bridge.resident_kb()
            tokens = [bridge.another_token() for _ in range(0, count, PHONES_A_TOKEN)]
            phones = [
                await exits.enter_async_context(ThinPhone(bridge.url, tokens[number // PHONES_A_TOKEN]))
                for number in range(count)
            ]
            each = (bridge.resident_kb() - before) / count
            told = [await all_told_ms(phones, presser, "lean", on=turn % 2 == 0) for turn in range(turns)]
        what = f"all of {count:,} phones told of one press, worst of {turns}"
        return [
            (what, f"{max(told):.0f} ms", "≤ 250 ms", max(told) <= 250),
            ("memory of the bridge per phone", f"{each:.1f} KB", "≤ 40 KB", each <= 40),
        ]

    async def tick(self) -> list[Row]:
        """Measure from the press to the light, without the chip's tick and with it."""
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(bridge_process(self.user(BRIDGE_USER), self.folder / "tick"))
            start = partial(start_all, exits, self.broker, self.accounts)
            lights = await start(["at-once"], self.folder / "lights")
            lights += await start(["ticking"], self.folder / "lights", [TICK])
            phone = await exits.enter_async_context(Phone(bridge.url, bridge.token))
            await phone.until(lambda shown: all(each.name in shown and shown[each.name].online for each in lights))
            plain, ticking = await press_to_light_ms(phone, lights, self.sizes.pairs // 2)
        more = median(ticking) - median(plain)
        return [
            ("press → light, p50 (p99)", f"{median(plain):.1f} ({p99(plain):.1f}) ms", "", True),
            (
                "press → light with the chip's tick of 10 ms, p50 (p99)",
                f"{median(ticking):.1f} ({p99(ticking):.1f}) ms",
                "≤ 10 ms more",
                more <= 10,
            ),
        ]

    async def footprint(self) -> list[Row]:
        """Measure the firmware's heap on 32 bits, as the chip's are, and what each module takes of it."""
        what = f"live heap on the chip after {self.sizes.heap_presses:,} presses, without TLS"
        try:
            command = await asyncio.to_thread(micropython.ensure, 32)
        except micropython.MicropythonMissing as error:
            return [(what, f"not measured: {error}", "≤ 46 kB", False)]
        folder = self.folder / "footprint"
        folder.mkdir()
        at = Places(self.user(NAME), self.user(HOME_ASSISTANT_USER))
        found = await measured(command, folder, at, self.sizes.heap_presses)
        late = {f"{name}, in some lights": count for name, count in found.late.items()}
        parts = sorted((found.ours | late).items(), key=itemgetter(1), reverse=True)
        return [
            (what, f"{found.total / 1_000:.1f} kB", "≤ 46 kB", found.total <= 46_000),
            *((f"- {name}", f"{count:,} bytes", "", True) for name, count in parts),
        ]

    async def lights(self) -> list[Row]:
        """Run many lights of real firmware; weigh them; measure from set read to output changed."""
        names = real_names(self.sizes)
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(
                bridge_process(self.user(BRIDGE_USER), self.folder / "lights-bridge")
            )
            lights = await start_all(exits, self.broker, self.accounts, names, self.folder / "lights")
            phone = await exits.enter_async_context(Phone(bridge.url, bridge.token))
            await phone.until(lambda shown: all(name in shown and shown[name].online for name in names))
            taken = await act_us(phone, names, self.sizes.act_rounds)
            weight = weigh(lights)
        return [
            (
                f"set read → output changed, p99 of {len(taken):,}",
                f"{p99(taken):.0f} µs",
                "≤ 1,000 µs",
                p99(taken) <= 1_000,
            ),
            ("lights of real firmware, all pressed", f"{weight.lights}", f"{len(names)}", weight.lights >= len(names)),
            (
                "memory of a simulated light, resident (proportional)",
                f"{weight.resident_mb:.1f} MB ({weight.proportional_mb:.1f} MB)",
                "≤ 5 MB",
                weight.resident_mb <= 5,
            ),
        ]


def accounts(sizes: Sizes) -> Accounts:
    """Make the accounts of all that the measurements start."""
    names = ["lean", "real", "at-once", "ticking", NAME, *lean_names(sizes), *real_names(sizes)]
    return Accounts.make(names, others=[BRIDGE_USER, HOME_ASSISTANT_USER])


def lean_names(sizes: Sizes) -> list[str]:
    """Name the lean lights of the throughput."""
    return [f"lean-{number}" for number in range(sizes.throughput_lights)]


def real_names(sizes: Sizes) -> list[str]:
    """Name the lights of real firmware."""
    return [f"real-{number}" for number in range(sizes.real_lights)]


def _floor_row(what: str, pair: Pair) -> Row:
    reached = f"{pair.ratio:.2f} × ({pair.bridge_ms:.2f} / {pair.floor_ms:.2f} ms)"
    return (f"press → confirmation p50 over bare MQTT, {what}", reached, "≤ 2.0 ×", pair.ratio <= 2.0)
