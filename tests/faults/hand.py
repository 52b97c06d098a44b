"""A hand: one phone, one light, and a finger that wishes another brightness with each press."""

import asyncio
import time
from collections.abc import Sequence
from itertools import cycle

from contract.errors import PresslightError
from mobile_sim.clock import now_ms
from mobile_sim.events import Said
from mobile_sim.phone import Phone
from presslight.simulated_light import SimulatedLight
from tests.faults.truth import History, Press, brightness_of

PATIENCE_MS = 1_000
"""The same for all presses, as a phone's deadlines never go back: less would still be that of the press before."""


class Hand:
    """Presses `light` on `phone` for one of its `shades` after the other, and writes it all down in `history`."""

    def __init__(self, name: str, phone: Phone, light: SimulatedLight, shades: Sequence[int], history: History) -> None:
        self.phone = phone
        self.light = light
        self._name = name
        self._shades = cycle(shades)
        self._history = history

    async def press(self, wait_ms: float) -> Press:
        """Press, and wait for the last word, at most so long."""
        shade, pressed = self._shade(), now_ms()
        press = self._history.press(self._name, self.light.name, shade, now_us(), PATIENCE_MS)
        try:
            flight = self.phone.begin(
                self.light.name, state="ON", brightness=press.brightness, patience_ms=PATIENCE_MS, pressed=pressed
            )
        except PresslightError:
            press.hear(Said.NOT_SENT, now_us())  # the phone would not make it, and told the finger so
            return press
        flight.on_word = lambda word: press.hear(word, now_us())
        press.hear(flight.journey.word, now_us())
        await flight.last_word(wait_ms)
        return press

    async def press_often(self, stop: asyncio.Event, pace_s: float) -> None:
        """Press again and again until `stop`."""
        while not stop.is_set():
            await self.press(pace_s * 1_000)
            await occurs(stop, pace_s)

    async def sees_truth(self) -> None:
        """Wait until the phone shows the light as it is: fresh, online, as bright as its output."""
        await self.phone.until(lambda _: self._shows_truth())

    def _shows_truth(self) -> bool:
        shown = self.phone.lights.get(self.light.name)
        is_fresh = self.phone.broker and self.phone.stale_ms() == 0
        if shown is None or not is_fresh or not shown.online:
            return False
        return brightness_of(self.light.duty) == (shown.brightness if shown.state == "ON" else 0)

    def _shade(self) -> int:
        """The next brightness that is not the present one, so that a press that acts is seen to."""
        present = brightness_of(self.light.duty)
        return next(shade for shade in self._shades if shade != present)


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
