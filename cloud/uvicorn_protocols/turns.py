"""Who has not signed in begins little in each turn of the loop, so that whoever has waits for little.

A rate by address would shut out all behind a proxy at a restart of the bridge; a turn is as long as the work of those
who are let in, and when nobody else wants the loop, strangers have all of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable

BEGUN_IN_A_TURN = 1
"""Requests and handshakes: one costs 1-3 ms from its begin to its end, and a press passes through some eight turns."""

Begin = Callable[[], bool]
"""Begins what has waited; answers whether it did, and not that it is gone."""


class Turns:
    """First come, first served."""

    def __init__(self, most: int = BEGUN_IN_A_TURN) -> None:
        self._most = most
        self._left = most
        self._waiting: deque[Begin] = deque()
        self._is_due = False

    def take(self, begin: Begin) -> bool:
        """Whether to begin at once; otherwise `begin` is called when it is its turn."""
        self._arm()
        if self._left and not self._waiting:
            self._left -= 1
            return True
        self._waiting.append(begin)
        return False

    def _arm(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._is_due = False
        self._left = self._most
        if self._waiting:
            self._arm()
        while self._left and self._waiting:
            self._left -= self._waiting.popleft()()
