"""Which tokens were used since that was last written. Pure: times are Unix seconds."""

from collections.abc import Collection
from itertools import islice

WRITTEN_EACH_S = 60
"""A token that is used without pause is written so often."""


class TokenUse:
    """Of each good token that was used, by its hash."""

    def __init__(self) -> None:
        self._written: dict[bytes, float] = {}
        self._unwritten: set[bytes] = set()

    def note(self, token: bytes, now: float) -> None:
        """A token was used."""
        if abs(now - self._written.get(token, -WRITTEN_EACH_S)) >= WRITTEN_EACH_S:
            self._unwritten.add(token)

    def due(self, most: int) -> list[bytes]:
        """Some that are to be written."""
        return list(islice(self._unwritten, most))

    def on_written(self, tokens: Collection[bytes], now: float) -> None:
        """These were written."""
        self._unwritten.difference_update(tokens)
        self._written.update(dict.fromkeys(tokens, now))
