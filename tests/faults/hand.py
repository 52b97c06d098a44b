"""A hand: one phone, one light, and a finger that wishes another brightness with each press."""

import asyncio
from collections.abc import Sequence
from itertools import cycle

from presslight.mobile_sim.events import PhoneStatus
from presslight.simulated.simulated_light import SimulatedLight
from tests.faults.handset import Handset, now_us, occurs
from tests.faults.truth import History, Press, brightness_of

PATIENCE_MS = 1_000
"""The same for all presses, as a phone's deadlines never go back: less would still be that of the press before."""


class Hand:
    """Presses `light` on a phone called `name` for one of its `shades` after the other; `history` is told of all."""

    def __init__(
        self, name: str, handset: Handset, light: SimulatedLight, shades: Sequence[int], history: History
    ) -> None:
        self.light = light
        self.name = name
        self._handset = handset
        self._shades = cycle(shades)
        self._history = history

    def __str__(self) -> str:
        return f"{self.name} on {self.light.name}"

    async def press(self, wait_ms: float) -> Press:
        """Press, and wait for the last word, at most so long."""
        press = self._history.press(self.name, self.light.name, self._shade(), now_us(), PATIENCE_MS)
        await self._handset.press(press, wait_ms)
        return press

    async def press_until_it_acts(self) -> Press:
        """Press, where the last one did not, until one has acted. Bound it in time from outside."""
        while (press := await self.press(2 * PATIENCE_MS)).status is not PhoneStatus.APPLIED:
            pass
        return press

    async def press_often(self, stop: asyncio.Event, pace_s: float) -> None:
        """Press again and again until `stop`."""
        while not stop.is_set():
            await self.press(pace_s * 1_000)
            await occurs(stop, pace_s)

    async def sees_truth(self) -> None:
        """Wait until the phone shows the light as it is: fresh, online, as bright as its output.

        What the light prints may be read after the phone has shown it, so whichever changes, both are looked at again.
        """
        while not await self._sees(self.light.duty):
            pass

    async def _sees(self, duty: int) -> bool:
        """Whether the phone shows the light with this output before that is another one."""
        shade = brightness_of(duty)
        sees = asyncio.ensure_future(self._handset.until(lambda screen: screen.get(self.light.name) == shade))
        changes = asyncio.ensure_future(self.light.until(lambda output: output.duty != duty))
        try:
            await asyncio.wait([sees, changes], return_when=asyncio.FIRST_COMPLETED)
            return sees.done() and not changes.done()
        finally:
            for wait in (sees, changes):
                wait.cancel()
            await asyncio.gather(sees, changes, return_exceptions=True)

    def _shade(self) -> int:
        """The next brightness that is not the present one, so that a press that acts is seen to."""
        present = brightness_of(self.light.duty)
        return next(shade for shade in self._shades if shade != present)
