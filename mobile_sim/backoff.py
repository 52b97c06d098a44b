"""How long to wait before trying again: full jitter, so that phones that lost one bridge do not come back as one."""

import random
from collections.abc import Callable

BASE_MS = 200
CAP_MS = 5_000
NOBODY_MS = 1_000
"""The longest wait where nobody answered: trying costs nobody anything, and the bridge may be back any time."""

LONG_LIFE_MS = 10_000


class Backoff:
    """Waits for one link. `draw(a, b)`: a random number between the two."""

    def __init__(self, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._draw = draw
        self._failures = 0

    def after(self, lived_ms: float, *, answered: bool = True) -> float:
        """The wait in ms after a link that lived so long: up to min(5 s, 0.2 s doubled with each short life).

        `answered`: whether there was a link at all; where there was none the wait is at most 1 s, and nothing doubles.
        """
        if not answered:
            return self._draw(0, NOBODY_MS)
        if lived_ms >= LONG_LIFE_MS:
            self._failures = 0
        ceiling = min(CAP_MS, BASE_MS * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._draw(0, ceiling)
