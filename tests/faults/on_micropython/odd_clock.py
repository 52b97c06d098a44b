"""The firmware on a chip whose count of ms starts again at 0 three seconds after the boot. Run in the place of main.py.

On a chip that happens every 12.4 days; the unix port's own count is far from it. The word `nap` moves the count on, as
if the light had been left alone for ten minutes.
"""
# mypy: ignore-errors

import time

import channel

import lamp.clock

WRAPS_AFTER_MS = 3_000
NAP_MS = 600_000


class OddTime:
    """The count of ms that `lamp.clock` gives all modules; `ticks_diff` and `ticks_add` of the port know the period."""

    def __init__(self) -> None:
        self._ahead = time.ticks_diff(time.ticks_add(0, -WRAPS_AFTER_MS), time.ticks_ms())

    def now_ms(self) -> int:
        return time.ticks_add(time.ticks_ms(), self._ahead)

    def nap(self) -> None:
        self._ahead += NAP_MS


odd = OddTime()
lamp.clock.now_ms = odd.now_ms
channel.on("nap", odd.nap)

__import__("main")  # runs, and on this clock
