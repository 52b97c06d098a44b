"""The button on the light, debounced: the first touch counts at once, then the contact may bounce."""

from lamp.clock import ticks_diff

SETTLE_MS = 30
"""Longest bouncing of a contact. Tactile switches take 1-10 ms, worn ones more; no finger presses twice in 30."""


UP, PRESSED, DOWN, RELEASED = range(4)
"""States of the contact, in turn; PRESSED is down and RELEASED up, and both may still bounce."""


class Button:
    """Tells presses from bounces. Held down at boot is no press.

    Give it the level at each edge and, while it is not settled, again after `settles_in` ms: the last edge may have
    come within the bouncing. That it has settled is a state, so no old count is ever compared past the wrap.
    """

    def __init__(self, is_down: bool) -> None:
        self._state = DOWN if is_down else UP
        self._since = 0

    def sample(self, is_down: bool, now: int) -> bool:
        """Take the level at `now` (count of ms); True where it is a press."""
        if self.settles_in(now):
            return False
        if self._state in (PRESSED, RELEASED):
            self._state = self._state + 1 & 3
        if is_down == (self._state == DOWN):
            return False
        self._state += 1
        self._since = now
        return is_down

    def is_settled(self) -> bool:
        """True where nothing changes before the next edge."""
        return self._state in (UP, DOWN)

    def settles_in(self, now: int) -> int:
        """Give the ms until the bouncing is over, 0 where it is."""
        return 0 if self.is_settled() else max(0, SETTLE_MS - ticks_diff(now, self._since))
