"""Time: the chip's counts of ms and µs, and from them `up`, the ms since the light's boot.

The counts start again at 0 (that of ms every 12.4 days), so `ticks_diff` compares two of them, and nothing else does.
"""

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from time import ticks_diff as ticks_diff  # noqa: PLC0414 -- as mypy asks for what others import from here
    from time import ticks_ms, ticks_us

    # Counts of ms and of µs now; ints that the stubs keep apart from all others.
    now_ms: "Callable[[], int]" = ticks_ms  # type: ignore[assignment]  # a type of the stubs' own
    now_us: "Callable[[], int]" = ticks_us  # type: ignore[assignment]  # a type of the stubs' own
except ImportError:
    # CPython has no such counts; there the pure modules are given some with the period of the ESP32's.
    PERIOD = 1 << 30

    def ticks_diff(end: int, start: int) -> int:  # type: ignore[no-redef]  # for another interpreter
        """Give the time from `start` to `end`, which lie less than half a period apart."""
        return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2

    def now_ms() -> int:
        """Stand in for the count where a test gives no other."""
        return 0

    now_us = now_ms


class Clock:
    """Extends the count of ms past its wrap. It must be read every 6 days or sooner (the heartbeat does).

    From 2**30 ms on (12.4 days) `up` no longer fits the chip's small integers, so reading it allocates 16 bytes.
    """

    def __init__(self, now: int) -> None:
        self._now = now
        self._up = 0

    def up(self, now: int) -> int:
        """Give the ms since boot at `now`, the present count of ms."""
        self._up += ticks_diff(now, self._now)
        self._now = now
        return self._up
