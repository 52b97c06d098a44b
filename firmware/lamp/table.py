"""The dedupe table: of each origin the highest number, which numbers up to it acted, and until when it must be known.

Fixed places, each a row across five lists, so that nothing is allocated for an origin but its name.
"""

ORIGINS = 16
WINDOW = 30  # bits: the most that a small integer of the chip holds


class Table:
    """The origins of one boot. `gone_until`: the newest deadline of all that had to leave to make room."""

    def __init__(self) -> None:
        self.gone_until = -1
        self._origins = [""] * ORIGINS
        self._highest = [0] * ORIGINS
        self._acted = [0] * ORIGINS
        self._until = [-1] * ORIGINS
        self._blind = [-1] * ORIGINS  # `gone_until` when the origin came: it may have been one of those

    def find(self, origin: str) -> int:
        """Give the place of an origin, -1 where it has none."""
        return self._origins.index(origin) if origin in self._origins else -1

    def room(self, origin: str, up: int) -> int:
        """Give a place to a new origin: a free one, or that whose deadlines have passed longest ago; -1: all wait."""
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

    def is_blind(self, place: int, until: int) -> bool:
        """Whether a key with this deadline may have been decided about before the origin came to its place."""
        return until <= self._blind[place]

    def is_new(self, place: int, number: int) -> bool:
        """Whether a number is above the highest."""
        return number > self._highest[place]

    def has_acted(self, place: int, number: int) -> "bool | None":
        """Whether a number up to the highest acted; None where it is too old to tell."""
        age = self._highest[place] - number
        return bool(self._acted[place] >> age & 1) if age < WINDOW else None

    def rise(self, place: int, number: int, has_acted: bool) -> None:
        """Make a number the highest."""
        age = number - self._highest[place]
        kept = 0 if age >= WINDOW else (self._acted[place] & (1 << (WINDOW - age)) - 1) << age
        self._acted[place] = kept | has_acted
        self._highest[place] = number

    def stay(self, place: int, until: int) -> None:
        """Keep a place at least until a deadline."""
        self._until[place] = max(self._until[place], until)
