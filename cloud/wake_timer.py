"""The one timer of the bridge's deadlines, on the running event loop."""

import asyncio
from collections.abc import Callable

_NS_PER_S = 1_000_000_000
_EARLY_NS = 1_000_000  # asyncio may call up to its clock's resolution early; 1 ms covers all loops


class WakeTimer:
    """Calls `ring` at the earliest time that was asked for. `now`: monotonic clock, ns.

    `ring` returns when (ns) it wants to be called next, or None.
    """

    def __init__(self, now: Callable[[], int], ring: Callable[[], int | None]) -> None:
        self._now = now
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._at = 0

    @property
    def at(self) -> int | None:
        """Time (ns) of the next call, or None."""
        return None if self._handle is None else self._at

    def wake_at(self, at: int) -> None:
        """Call `ring` at `at` (ns), unless it is called sooner."""
        if self._handle is not None:
            if self._at <= at:
                return
            self._handle.cancel()
        self._at = at
        wait_s = max(0, at - self._now() + _EARLY_NS) / _NS_PER_S
        self._handle = asyncio.get_running_loop().call_later(wait_s, self._call)

    def cancel(self) -> None:
        """Do not call any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _call(self) -> None:
        self._handle = None
        at = self._ring()
        if at is not None:
            self.wake_at(at)
