"""How long to wait before trying again: full jitter, so that phones that lost one bridge do not come back as one."""

import random
from collections.abc import Callable

BASE_MS = 200
CAP_MS = 5_000
LONG_LIFE_MS = 10_000


class Backoff:
    """Waits for one link. `draw(a, b)`: a random number between the two."""

    def __init__(self, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._draw = draw
        self._failures = 0

    def after(self, lived_ms: float) -> float:
        """The wait in ms after a link that lived so long: up to min(5 s, 0.2 s doubled with each short life)."""
        if lived_ms >= LONG_LIFE_MS:
            self._failures = 0
        ceiling = min(CAP_MS, BASE_MS * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._draw(0, ceiling)
