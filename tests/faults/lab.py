"""The fault lab: Mosquitto, bridges and real firmware, each a process of its own, phones, and cables between all."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER
from presslight.mobile_sim.phone import Phone
from presslight.simulated.simulated_light import SimulatedLight
from tests.faults.cable import Cable
from tests.faults.far_phone import FarPhone
from tests.faults.hand import Hand
from tests.faults.handset import Handset, NearPhone
from tests.faults.truth import History, brightness_of
from tests.page.bridge_process import BridgeProcess

ODD_CLOCK = Path(__file__).parent / "on_micropython" / "odd_clock.py"

ROOM_FOR_ODD_CLOCK = "120k"
"""The firmware's 112k, and what its odd clock takes beside it."""

WAIT_S = 40
"""Bounds every wait in these tests; far over what any takes."""


class Lab:
    """`async with Lab(folder) as lab:` then `lab.hands` press, and `lab.history` knows what really happened.

    Each phone (`phone-1`, `phone-2`, …) has a hand on each light. Phones are spread over the bridges in turn.
    `cabled`: every link runs over a cable in `cables`: `kitchen` (a light to the broker), `bridge-1` (to the broker),
    `phone-1` (to its bridge). `far_phones`: so many more phones are processes of their own (`far-1`, …).
    `odd_clocks`: the lights' counts of ms start again at 0 after 3 s, and they know the word `nap`. `belongings`: what
    a fault keeps while it lasts. At the end, also of a failed start, nothing is left but the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lights: Sequence[str] = ("kitchen",),
        phones: int = 1,
        far_phones: int = 0,
        bridges: int = 1,
        bridge_options: Sequence[str] = (),
        bridge_program: str = "presslight",
        cabled: bool = False,
        odd_clocks: bool = False,
    ) -> None:
        self.folder = folder
        self.history = History()
        self.accounts = Accounts.make(lights, others=[f"{BRIDGE_USER}-{number}" for number in range(1, bridges + 1)])
        self.broker = Mosquitto(self.accounts, folder / "mosquitto")
        self.bridges: list[BridgeProcess] = []
        self.lights: dict[str, SimulatedLight] = {}
        self.phones: dict[str, Phone] = {}
        self.far_phones: dict[str, FarPhone] = {}
        self.handsets: Mapping[str, Handset] = {}
        self.belongings = AsyncExitStack()
        self.hands: list[Hand] = []
        self.cables: dict[str, Cable] = {}
        self._lights = lights
        self._counts = (phones, far_phones)
        self._bridge_options = ("--press-rate", "1000000", *bridge_options)
        self._bridge_program = bridge_program
        self._cabled = cabled
        self._main = ODD_CLOCK if odd_clocks else None
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits, asyncio.timeout(WAIT_S):
            self._exits = exits
            exits.push_async_callback(self.belongings.aclose)
            await self._exits.enter_async_context(self.broker)
            for user in self.accounts.users:
                await (self._start_light(user) if user in self._lights else self._start_bridge(user))
            await self._start_phones(*self._counts)
            self._give_hands()
            await self.all_show_truth()
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cable in self.cables.values():
            cable.mend()
        await self._exits.__aexit__(kind, error, trace)

    @property
    def bridge(self) -> BridgeProcess:
        """The first bridge."""
        return self.bridges[0]

    async def all_show_truth(self) -> None:
        """Wait until every phone shows every light as it is."""
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*(hand.sees_truth() for hand in self.hands))

    async def settled(self) -> None:
        """Wait until every press has its last word."""
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*(phone.settled() for phone in self.handsets.values()))

    async def drained(self) -> None:
        """Read all that the lights have said so far: press each once more, and wait to see it."""
        for light in self.lights.values():
            hand = next(hand for hand in self.hands if hand.light is light)
            async with asyncio.timeout(WAIT_S):
                press = await hand.press_until_it_acts()
                await light.until(lambda output, wish=press.brightness: brightness_of(output.duty) == wish)  # type: ignore[misc] # mypy cannot type a lambda's default

    async def _reach(self, name: str, host: str, port: int) -> tuple[str, int]:
        """Where `name` finds what is at `host` and `port`: there, or at the near end of a cable of its own."""
        if not self._cabled:
            return host, port
        self.cables[name] = cable = await self._exits.enter_async_context(Cable((host, port)))
        return "127.0.0.1", cable.port

    async def _broker_for(self, user: str) -> BrokerAddress:
        host, port = await self._reach(user, self.broker.address.host, self.broker.address.port)
        return BrokerAddress(host=host, port=port).signed_in_as(user, self.accounts.password(user))

    async def _start_bridge(self, name: str) -> None:
        address = await self._broker_for(name)
        bridge = BridgeProcess(address, self.folder / name, self._bridge_options, self._bridge_program)
        self.bridges.append(await self._exits.enter_async_context(bridge))

    async def _start_light(self, name: str) -> None:
        address = await self._broker_for(name)
        heap = ROOM_FOR_ODD_CLOCK if self._main else None
        light = SimulatedLight(name, address, self.folder / name, heap, self._main)
        light.add_watcher(self.history.traces[name].see)
        self.lights[name] = await self._exits.enter_async_context(light)

    async def _start_phones(self, near: int, far: int) -> None:
        names = [f"phone-{number + 1}" for number in range(near)] + [f"far-{number + 1}" for number in range(far)]
        for name, bridge in zip(names, cycle(self.bridges), strict=False):
            host, port = await self._reach(name, "127.0.0.1", bridge.port)
            url, journal = f"http://{host}:{port}", self.folder / f"{name}.journal"
            if name.startswith("far"):
                far_phone = FarPhone(name, url, bridge.token, journal, self.history)
                self.far_phones[name] = await self._exits.enter_async_context(far_phone)
            else:
                phone = Phone(url, bridge.token, journal=journal)
                self.phones[name] = await self._exits.enter_async_context(phone)

    def _give_hands(self) -> None:
        """Give every phone a hand on every light; no two hands on a light wish the same."""
        near = {name: NearPhone(phone) for name, phone in self.phones.items()}
        self.handsets = {**near, **self.far_phones}
        for turn, (name, handset) in enumerate(self.handsets.items()):
            for light in self.lights.values():
                shades = range(1 + turn, 256, len(self.handsets))
                self.hands.append(Hand(name, handset, light, shades, self.history))
