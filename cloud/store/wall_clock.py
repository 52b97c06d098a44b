"""The machine's wall clock, and what it shows without a jump ahead: a small computer has no clock of its own."""

import time
from collections.abc import Callable

CORRECTED_MS = 60_000
"""A wall clock that is corrected by less than this has not jumped."""


def unix_s() -> int:
    """The Unix time in seconds."""
    return int(time.time())


def unix_ms() -> int:
    """The Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class WallClock:
    """The wall clock since the start of a bridge. `now`: a monotonic clock (ns)."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._began_at = unix_ms()
        self._began_at_ns = now()

    def without_jump_ms(self) -> int:
        """The Unix time (ms), without a jump ahead that the clock made since the start."""
        steady = self._began_at + (self._now() - self._began_at_ns) // 1_000_000
        return min(unix_ms(), steady + CORRECTED_MS)
