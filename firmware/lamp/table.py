"""The dedupe table: of each origin the highest number, which numbers up to it acted, and until when it must be known.

Fixed places, each a row across five lists, so that nothing is allocated for an origin but its name.
"""

ORIGINS = 16
WINDOW = 30  # bits: the most that a small integer of the chip holds

NEW, ACTED, NEVER, UNKNOWN = range(4)
"""Knowledge of a number: none yet, that it acted, that it did not and never will, or none any more."""


class Table:
    """The origins of one boot. `gone_until`: the newest deadline of all that had to leave to make room."""

    def __init__(self) -> None:
        self.gone_until = -1
        self._origins = [""] * ORIGINS
        self._highest = [0] * ORIGINS
        self._acted = [0] * ORIGINS
        self._until = [-1] * ORIGINS
        self._blind = [-1] * ORIGINS  # `gone_until` when the origin came: it may have been one of those

    def knows(self, origin: str, number: int, until: int) -> int:
        """Give what is known of a number whose deadline is `until`."""
        if origin not in self._origins:
            return NEW
        place = self._origins.index(origin)
        age = self._highest[place] - number
        if age < 0:
            return NEW
        if age < WINDOW and self._acted[place] >> age & 1:
            return ACTED
        return NEVER if age < WINDOW and until > self._blind[place] else UNKNOWN

    def kept(self, origin: str) -> str:
        """Give the text of an origin that is kept here, where there is one: each other one of it takes 48 bytes."""
        return self._origins[self._origins.index(origin)] if origin in self._origins else origin

    def note(self, origin: str, number: int, has_acted: bool, until: int, up: int) -> bool:
        """Make a new number the origin's highest, to be known until its deadline. False: there is no place for it."""
        place = self._place(origin, up)
        if place < 0:
            return False
        age = number - self._highest[place]
        kept = 0 if age >= WINDOW else (self._acted[place] & (1 << (WINDOW - age)) - 1) << age
        self._acted[place] = kept | has_acted
        self._highest[place] = number
        self._until[place] = max(self._until[place], until)
        return True

    def _place(self, origin: str, up: int) -> int:
        """Give the origin's place: its own, a free one, or that whose deadlines passed longest ago; -1: all wait."""
        if origin in self._origins:
            return self._origins.index(origin)
        oldest = min(self._until)
        if oldest >= up:
            return -1
        place = self._until.index(oldest)
        self.gone_until = max(self.gone_until, oldest)
        self._origins[place] = origin
        self._highest[place] = self._acted[place] = 0
        self._until[place] = -1
        self._blind[place] = self.gone_until
        return place
