"""The phone's monotonic clock, and waiting on it."""

import asyncio
import time

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, as the lights' clocks do; else presses after a sleep would be born too late."""


def now_ms() -> float:
    """Milliseconds on a clock that never jumps, from an arbitrary start."""
    return time.clock_gettime_ns(CLOCK) / 1_000_000


async def wait(event: asyncio.Event, ms: float) -> None:
    """Wait until the event is set, at most so long, and clear it."""
    try:
        async with asyncio.timeout(max(0.0, ms) / 1_000):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
