"""Waits between connections: exponential back-off with full jitter, so that phones do not come back as a herd."""

import random
from collections.abc import Callable

from presslight.contract.phone_rules import BACKOFF_BASE_MS, BACKOFF_CAP_MS, BACKOFF_NOBODY_MS, PROVEN_LIFE_MS


class Backoff:
    """Waits for one link. `draw(a, b)`: a random number between the two."""

    def __init__(self, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._draw = draw
        self._failures = 0

    def after(self, lived_ms: float, *, answered: bool = True) -> float:
        """Draw the wait in ms after a connection that ended: up to min(5 s, 0.2 s doubled with each short life).

        `lived_ms`: from its welcome to its end, 0 where it got none. `answered`: whether a WebSocket opened at all;
        where none did the wait is at most 1 s, and nothing doubles.
        """
        if not answered:
            return self._draw(0, BACKOFF_NOBODY_MS)
        if lived_ms >= PROVEN_LIFE_MS:
            self._failures = 0
        ceiling = min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._draw(0, ceiling)
