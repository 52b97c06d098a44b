"""A first-come, first-served queue that starts a bounded amount of work per iteration of the event loop.

Requests and handshakes of unauthenticated clients wait in it, so that authenticated ones wait for little. A rate per
address would lock out everybody behind a proxy when the bridge restarts. An iteration lasts as long as the work of
authenticated clients takes; when there is none, the others have all of the loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable

STARTS_PER_ITERATION = 1
"""Requests or handshakes: one costs 1-3 ms from start to end, and a press takes some eight iterations."""

CHECKS_PER_ITERATION = 32
"""Of those that wait, so many are asked per iteration whether their clients are there: 0.3-1 ms if none is."""

Start = Callable[[], bool]
"""Starts the work that waited. Returns whether it did; False if its connection is closed."""


class StartQueue:
    """Starts at most `limit` of what is requested in each iteration of the running loop."""

    def __init__(self, limit: int = STARTS_PER_ITERATION) -> None:
        self._limit = limit
        self._left = limit
        self._waiting: deque[Start] = deque()
        self._is_scheduled = False

    def request(self, start: Start) -> bool:
        """Return True if the caller may start at once. Otherwise call `start` later."""
        self._schedule()
        if self._left and not self._waiting:
            self._left -= 1
            return True
        self._waiting.append(start)
        return False

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        self._left = self._limit
        if self._waiting:
            self._schedule()
        for _ in range(min(CHECKS_PER_ITERATION, len(self._waiting))):
            if not self._left:
                break
            self._left -= self._waiting.popleft()()
