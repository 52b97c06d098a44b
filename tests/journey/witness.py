"""What the light really did, by its own word: every change of its output, in order."""

import asyncio
from typing import NamedTuple

from presslight.simulated.light_output import LightOutput
from presslight.simulated.simulated_light import SimulatedLight


class Change(NamedTuple):
    """The output changed to `duty` (0-65535), `us` µs of CLOCK_MONOTONIC after the machine's start."""

    duty: int
    us: int


class Witness:
    """Watches a light from now on."""

    def __init__(self, light: SimulatedLight) -> None:
        self.changes: list[Change] = []
        self._last = light.output.us
        self._more = asyncio.Event()
        light.add_watcher(self._see)

    async def until(self, duty: int) -> Change:
        """Wait for the first change to that duty; what the light did before is then known, too."""
        while not any(change.duty == duty for change in self.changes):
            self._more.clear()
            await self._more.wait()
        return next(change for change in self.changes if change.duty == duty)

    def _see(self, output: LightOutput) -> None:
        if output.us != self._last:
            self._last = output.us
            self.changes.append(Change(output.duty, output.us))
            self._more.set()
