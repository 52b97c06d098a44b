"""Tokens whose last use is still to be written. Pure: times are Unix seconds."""

from collections.abc import Collection
from itertools import islice

WRITTEN_EACH_S = 60
"""Seconds between two writes of a token that is used without pause."""


class TokenUse:
    """The last written use of each token, and the tokens to be written, by their hashes."""

    def __init__(self) -> None:
        self._written: dict[bytes, float] = {}
        self._unwritten: set[bytes] = set()

    def note_use(self, token: bytes, now: float) -> None:
        """Note the use of a token."""
        if abs(now - self._written.get(token, -WRITTEN_EACH_S)) >= WRITTEN_EACH_S:
            self._unwritten.add(token)

    def due(self, most: int) -> list[bytes]:
        """Return up to `most` tokens that are to be written."""
        return list(islice(self._unwritten, most))

    def on_written(self, tokens: Collection[bytes], now: float) -> None:
        """Note that the use of these was written."""
        self._unwritten.difference_update(tokens)
        self._written.update(dict.fromkeys(tokens, now))
