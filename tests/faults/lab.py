"""The fault lab: Mosquitto, bridges and real firmware, each a process of its own, phones, and cables between all."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from broker.accounts import Accounts
from broker.mosquitto import Mosquitto
from contract.address import BrokerAddress
from contract.topics import BRIDGE_USER
from mobile_sim.phone import Phone
from presslight.simulated_light import SimulatedLight
from tests.faults.cable import Cable
from tests.faults.hand import Hand
from tests.faults.truth import History
from tests.page.bridge_process import BridgeProcess

WAIT_S = 40
"""Bounds every wait in these tests; far over what any takes."""


class Lab:
    """`async with Lab(folder) as lab:` then `lab.hands` press, and `lab.history` knows what really happened.

    Each phone (`phone-1`, `phone-2`, …) has a hand on each light. Phones are spread over the bridges in turn. Every
    link runs over a cable in `cables`: `kitchen` (a light to the broker), `bridge-1` (to the broker), `phone-1`.
    At the end, also of a failed start, nothing is left but the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lights: Sequence[str] = ("kitchen",),
        phones: int = 1,
        bridges: int = 1,
        bridge_options: Sequence[str] = (),
        bridge_program: str = "presslight",
    ) -> None:
        self.folder = folder
        self.history = History()
        self.accounts = Accounts.make(lights, others=[f"{BRIDGE_USER}-{number}" for number in range(1, bridges + 1)])
        self.broker = Mosquitto(self.accounts, folder / "mosquitto")
        self.bridges: list[BridgeProcess] = []
        self.lights: dict[str, SimulatedLight] = {}
        self.phones: dict[str, Phone] = {}
        self.hands: list[Hand] = []
        self.cables: dict[str, Cable] = {}
        self._lights = lights
        self._phones = phones
        self._bridge_options = ("--press-rate", "1000000", *bridge_options)
        self._bridge_program = bridge_program
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits, asyncio.timeout(WAIT_S):
            self._exits = exits
            await self._exits.enter_async_context(self.broker)
            for user in self.accounts.users:
                await (self._start_light(user) if user in self._lights else self._start_bridge(user))
            for number in range(self._phones):
                await self._start_phone(f"phone-{number + 1}", self.bridges[number % len(self.bridges)])
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
            await asyncio.gather(*(phone.settled() for phone in self.phones.values()))

    async def cable(self, name: str, host: str, port: int) -> Cable:
        """Lay a cable from a new port of this machine."""
        self.cables[name] = cable = await self._exits.enter_async_context(Cable((host, port)))
        return cable

    async def _broker_for(self, user: str) -> BrokerAddress:
        """The broker as `user` finds it: at the near end of a cable of its own."""
        address = self.broker.address
        cable = await self.cable(user, address.host, address.port)
        return BrokerAddress(host="127.0.0.1", port=cable.port).signed_in_as(user, self.accounts.password(user))

    async def _start_bridge(self, name: str) -> None:
        address = await self._broker_for(name)
        bridge = BridgeProcess(address, self.folder / name, self._bridge_options, self._bridge_program)
        self.bridges.append(await self._exits.enter_async_context(bridge))

    async def _start_light(self, name: str) -> None:
        light = SimulatedLight(name, await self._broker_for(name), self.folder / name)
        light.watch(self.history.traces[name].see)
        self.lights[name] = await self._exits.enter_async_context(light)

    async def _start_phone(self, name: str, bridge: BridgeProcess) -> None:
        host, _, port = bridge.url.removeprefix("http://").partition(":")
        cable = await self.cable(name, host, int(port))
        phone = Phone(f"http://127.0.0.1:{cable.port}", bridge.token, journal=self.folder / f"{name}.journal")
        self.phones[name] = await self._exits.enter_async_context(phone)

    def _give_hands(self) -> None:
        """Give every phone a hand on every light; no two hands on a light wish the same."""
        for turn, (name, phone) in enumerate(self.phones.items()):
            for light in self.lights.values():
                shades = range(1 + turn, 256, len(self.phones))
                self.hands.append(Hand(name, phone, light, shades, self.history))
