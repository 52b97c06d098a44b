"""The phone's monotonic clock, and waiting on it."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, as the lights' clocks do; else presses after a sleep would be born too late."""


def now_ms() -> float:
    """Milliseconds on a clock that never jumps, from an arbitrary start."""
    return time.clock_gettime_ns(CLOCK) / 1_000_000


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> None:
        """It will not."""


class Time(Protocol):
    """A phone's clocks."""

    def now(self) -> float:
        """Milliseconds on a clock that never jumps, from an arbitrary start."""

    def wall(self) -> int:
        """Milliseconds since 1970, as far as the phone knows; it may jump."""

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        """Have something called at `at` on the clock that never jumps."""


class RealTime:
    """The machine's clocks, and the running loop's timers."""

    def now(self) -> float:
        """See Time."""
        return now_ms()

    def wall(self) -> int:
        """See Time."""
        return time.time_ns() // 1_000_000

    def call_at(self, at: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """See Time."""
        return asyncio.get_running_loop().call_later(max(0.0, at - now_ms()) / 1_000, call)


async def wait_for_event(event: asyncio.Event, ms: float) -> None:
    """Wait until the event is set, at most so long, and clear it."""
    try:
        async with asyncio.timeout(max(0.0, ms) / 1_000):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
