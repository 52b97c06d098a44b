"""The phones of a lab, whichever process they live in: they press, and tell the history what they say."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from presslight.contract.errors import PresslightError
from presslight.mobile_sim.clock import now_ms
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.faults.truth import Press

NAP_S = 600
"""How long everything sleeps, where it does."""

Screen = Mapping[str, int | None]
"""What a phone shows: the brightness of each light, 0: off; None where it says offline or not fresh."""


class Handset(Protocol):
    """What a hand needs of a phone."""

    async def press(self, press: Press, wait_ms: float) -> None:
        """Make this press now; wait for its last word, at most so long."""

    async def until(self, condition: Callable[[Screen], bool]) -> None:
        """Wait until the screen is so."""

    async def settled(self) -> None:
        """Wait until every press has its last word."""


class NearPhone:
    """A phone in this process."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone

    async def press(self, press: Press, wait_ms: float) -> None:
        """Make this press now; wait for its last word, at most so long. One that the phone will not make is told."""
        pressed, press.finger_us = now_ms(), now_us()
        try:
            flight = self.phone.begin(
                press.light, state="ON", brightness=press.brightness, patience_ms=press.patience_ms, pressed=pressed
            )
        except PresslightError:
            press.hear(PhoneStatus.NOT_SENT, now_us())
            return
        press.key = flight.frame.key
        flight.on_status = lambda status: press.hear(status, now_us())
        press.hear(flight.journey.status, now_us())
        await flight.last_word(wait_ms)

    async def until(self, condition: Callable[[Screen], bool]) -> None:
        """Wait until the screen is so."""
        await self.phone.until(lambda _: condition(screen_of(self.phone)))

    async def settled(self) -> None:
        """Wait until every press has its last word."""
        await self.phone.settled()

    def take_up(self, presses: list[Press]) -> None:
        """Follow on those of an earlier life's presses that the phone has kept."""
        keys = {press.key: press for press in presses}
        for flight in self.phone._presses.open:
            if press := keys.get(flight.frame.key):
                press.is_lost = False
                flight.on_status = lambda status, press=press: press.hear(status, now_us())


def screen_of(phone: Phone) -> Screen:
    """What it shows."""
    is_fresh = phone.broker and phone.stale_ms() == 0
    return {
        name: (light.brightness if light.state == "ON" else 0) if is_fresh and light.online else None
        for name, light in phone.lights.items()
    }


async def occurs(event: asyncio.Event, within_s: float) -> bool:
    """Wait for an event, at most so long; whether it came."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def now_us() -> int:
    """Microseconds on the clock that the lights' output lines have."""
    return time.monotonic_ns() // 1_000
