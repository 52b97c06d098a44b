"""Run every measurement and print what was reached beside what was aimed for. It asserts nothing."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from broker.accounts import Accounts
from broker.mosquitto import Mosquitto
from contract.address import BrokerAddress
from contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from mobile_sim.phone import Phone
from tests.bench.floor import Pair, bridge_phone, compare, mqtt_phone
from tests.bench.phones import ThinPhone, all_told_ms, confirmed_per_second
from tests.bench.processes import bridge_process, lean_lights
from tests.bench.real_lights import act_us, p99, start_all, weigh

PAIRS = 1_000
THROUGHPUT_S = 10.0
THROUGHPUT_LIGHTS = 64
PHONES = 2_000
FAN_OUTS = 20
REAL_LIGHTS = 200
ACT_ROUNDS = 10

console = Console(highlight=False)
Row = tuple[str, str, str, bool]


class Bench:
    """The measurements, one method each; each starts what it needs and ends it. `broker` is a running Mosquitto."""

    def __init__(self, accounts: Accounts, broker: BrokerAddress, folder: Path) -> None:
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
                    pair = await compare(floor, ours, PAIRS)
                rows.append(_floor_row(what, pair))
            return rows

    async def throughput(self) -> list[Row]:
        """Measure confirmed presses per second through one bridge process over 64 lights."""
        names = [f"lean-{number}" for number in range(THROUGHPUT_LIGHTS)]
        passwords = {name: self.accounts.password(name) for name in names}
        async with (
            bridge_process(self.user(BRIDGE_USER), self.folder / "throughput") as bridge,
            lean_lights(self.broker, passwords),
        ):
            rate = await confirmed_per_second(bridge.url, bridge.token, names, THROUGHPUT_S)
        return [("confirmed presses per second, 64 lights", f"{rate:,.0f}", "≥ 3,000", rate >= 3_000)]

    async def fan_out(self) -> list[Row]:
        """Measure 2,000 phones on one bridge: the memory of each, and the time until all are told of one press."""
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(bridge_process(self.user(BRIDGE_USER), self.folder / "fan-out"))
            await exits.enter_async_context(lean_lights(self.broker, {"lean": self.accounts.password("lean")}))
            presser = await exits.enter_async_context(ThinPhone(bridge.url, bridge.token))
            before = bridge.resident_kb()
            phones = [await exits.enter_async_context(ThinPhone(bridge.url, bridge.token)) for _ in range(PHONES)]
            each = (bridge.resident_kb() - before) / PHONES
            told = [await all_told_ms(phones, presser, "lean", on=turn % 2 == 0) for turn in range(FAN_OUTS)]
        return [
            ("all of 2,000 phones told of one press, worst of 20", f"{max(told):.0f} ms", "≤ 250 ms", max(told) <= 250),
            ("memory of the bridge per phone", f"{each:.1f} KB", "≤ 40 KB", each <= 40),
        ]

    async def lights(self) -> list[Row]:
        """Run 200 lights of real firmware; weigh them; measure from set read to output changed."""
        names = [f"real-{number}" for number in range(REAL_LIGHTS)]
        async with AsyncExitStack() as exits:
            bridge = await exits.enter_async_context(
                bridge_process(self.user(BRIDGE_USER), self.folder / "lights-bridge")
            )
            lights = await start_all(exits, self.broker, self.accounts, names, self.folder / "lights")
            phone = await exits.enter_async_context(Phone(bridge.url, bridge.token))
            await phone.until(lambda shown: sum(view.online for view in shown.values()) == REAL_LIGHTS)
            taken = await act_us(phone, names, ACT_ROUNDS)
            weight = weigh(lights)
        return [
            (
                f"set read → output changed, p99 of {len(taken):,}",
                f"{p99(taken):.0f} µs",
                "≤ 1,000 µs",
                p99(taken) <= 1_000,
            ),
            ("lights of real firmware, all pressed", f"{weight.lights}", "200", weight.lights >= 200),
            (
                "memory of a simulated light, resident (proportional)",
                f"{weight.resident_mb:.1f} MB ({weight.proportional_mb:.1f} MB)",
                "≤ 5 MB",
                weight.resident_mb <= 5,
            ),
        ]


def _floor_row(what: str, pair: Pair) -> Row:
    reached = f"{pair.ratio:.2f} × ({pair.bridge_ms:.2f} / {pair.floor_ms:.2f} ms)"
    return (f"press → confirmation p50 over bare MQTT, {what}", reached, "≤ 2.0 ×", pair.ratio <= 2.0)


async def main() -> None:
    """Run all of it, and print the table."""
    table = Table("measured", "reached", "aimed for", "", title="presslight, measured in one run on this machine")
    lean = [f"lean-{number}" for number in range(THROUGHPUT_LIGHTS)]
    real = [f"real-{number}" for number in range(REAL_LIGHTS)]
    accounts = Accounts.make(["lean", "real", *lean, *real], others=[BRIDGE_USER, HOME_ASSISTANT_USER])
    with tempfile.TemporaryDirectory(prefix="presslight-bench-") as folder, Progress(console=console) as progress:
        async with Mosquitto(accounts, Path(folder) / "mosquitto") as broker:
            bench = Bench(accounts, broker.address, Path(folder))
            for measure in (bench.above_the_floor, bench.throughput, bench.fan_out, bench.lights):
                task = progress.add_task(measure.__name__.replace("_", " "), total=None)
                for what, reached, target, holds in await measure():
                    table.add_row(what, reached, target, "yes" if holds else "NO")
                progress.update(task, total=1, completed=1)
    console.print(table)


if __name__ == "__main__":
    uvloop.run(main())
