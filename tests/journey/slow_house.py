"""A house at the near end of a slow network, and fingers on phones at its far end."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lamp.output import duty
from presslight.contract.words import DEFAULT_PATIENCE_MS
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.phone import Phone
from presslight.stack import Stack
from tests.journey.witness import Witness
from tests.lab.packet_lab import PacketLab
from tests.lab.proxy_lab import ProxyLab

Lab = PacketLab | ProxyLab
Result = TypeVar("Result")

DID_NOT = frozenset(
    {PhoneStatus.REFUSED, PhoneStatus.OFFLINE, PhoneStatus.NOT_APPLIED, PhoneStatus.NOT_SENT, PhoneStatus.REJECTED}
)
"""Last words after which a person may press again: that press did not act and never will."""

MOST_PRESSES = 10
WAIT_S = 60
"""Bounds every wait on a slow network; far over what any takes."""


@dataclass(frozen=True)
class Told:
    """A press: what for, when (µs of CLOCK_MONOTONIC), and all that the phone said of it.

    `told_ms`: after how long it had said what holds: a last word, or that it does not know yet and still asks.
    """

    brightness: int
    pressed_us: int
    patience_ms: int
    journey: Journey
    words: tuple[PhoneStatus, ...]
    told_ms: float

    @property
    def duty(self) -> int:
        """What the light's output is to be, 0-65535."""
        return int(duty(True, self.brightness))


class Finger:
    """One press of a finger on a phone, in that phone's own event loop."""

    def __init__(self, phone: Phone, brightness: int, patience_ms: int = DEFAULT_PATIENCE_MS) -> None:
        self._pressed = time.monotonic_ns()
        self._brightness = brightness
        self._patience_ms = patience_ms
        self._words: list[PhoneStatus] = []
        self._told_ms: float | None = None
        self._news = asyncio.Event()
        self._flight = phone.begin("kitchen", state="ON", brightness=brightness, patience_ms=patience_ms)
        self._flight.on_status = self._hear

    async def hears(self, status: PhoneStatus) -> None:
        """Wait until the phone has said it."""
        while status not in self._words:
            self._news.clear()
            await self._news.wait()

    async def told(self) -> Told:
        """Wait for the last word."""
        journey = await self._flight.last_word(WAIT_S * 1_000)
        assert journey.status.final, f"no last word of {journey.key}, only {self._words}"
        assert self._told_ms is not None
        words = tuple(self._words)
        return Told(self._brightness, self._pressed // 1_000, self._patience_ms, journey, words, self._told_ms)

    def _hear(self, status: PhoneStatus) -> None:
        self._words.append(status)
        self._news.set()
        if self._told_ms is None and (status.final or status is PhoneStatus.UNCONFIRMED):
            self._told_ms = (time.monotonic_ns() - self._pressed) / 1e6


@dataclass
class SlowHouse:
    """Broker, bridge and the kitchen's light, with its witness; and the network between house and phones."""

    stack: Stack
    lab: Lab
    witness: Witness

    @asynccontextmanager
    async def phone(self) -> AsyncIterator[Phone]:
        """A phone at the far end that sees the kitchen's light online; what it does has to be awaited by `far`."""
        phone = Phone(self.lab.url(self.stack.bridge.port), self.stack.token, connect_ms=WAIT_S * 1_000)
        await self.far(phone.__aenter__())
        try:
            await self.far(phone.until(lambda lights: "kitchen" in lights and lights["kitchen"].online))
            yield phone
        finally:
            await self.far(phone.__aexit__(None, None, None))

    async def far(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Run it at the far end of the network."""
        async with asyncio.timeout(10 * WAIT_S):
            return await self.lab.at_phone(story)

    async def wished(self, values: Iterable[int], patience_ms: int = DEFAULT_PATIENCE_MS) -> list[Told]:
        """A new phone is pressed for one brightness after the other, and again where it says `did not happen`."""
        async with self.phone() as phone:
            return await self.far(_press_all(phone, values, patience_ms))

    async def dark(self) -> None:
        """Turn the light off from inside the house: all that it did before is known then."""
        async with asyncio.timeout(WAIT_S), Phone(self.stack.url, self.stack.token) as phone:
            await phone.until(lambda lights: "kitchen" in lights and lights["kitchen"].online)
            assert (await phone.press("kitchen", state="OFF")).status is PhoneStatus.APPLIED
            await self.witness.until(0)


async def _press_all(phone: Phone, values: Iterable[int], patience_ms: int) -> list[Told]:
    told = []
    for value in values:
        for _ in range(MOST_PRESSES):
            told.append(await Finger(phone, value, patience_ms).told())
            if told[-1].journey.status not in DID_NOT:
                break
    return told


@asynccontextmanager
async def slow_house(lab: Lab, folder: Path) -> AsyncIterator[SlowHouse]:
    """Everything started, and ended in reverse."""
    async with lab, Stack(broker="mosquitto", lights=["kitchen"], host=lab.host, folder=folder) as stack:
        yield SlowHouse(stack, lab, Witness(stack.lights["kitchen"]))
