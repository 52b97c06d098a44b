"""The phone's monotonic clock, and waiting on it."""

import asyncio
import time


def now_ms() -> float:
    """Milliseconds on a clock that never jumps, from an arbitrary start."""
    return time.monotonic_ns() / 1_000_000


async def wait(event: asyncio.Event, ms: float) -> None:
    """Wait until the event is set, at most so long, and clear it."""
    try:
        async with asyncio.timeout(max(0.0, ms) / 1_000):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
