"""Versions of one light that phones show, newer than the known one. Pure: times are ns on a monotonic clock.

Another bridge told them so, and may have been wrong. The light is asked, and its answer judges what was shown before
the question. A phone can show what it likes: so no claim spoils a question that is under way, and after a false one
there is a rest, as all phones hear of each.
"""

from presslight.contract.words import Version

RESTS_NS = 5 * 10**9
"""So long after a claim was found false no other is judged."""


class ShownVersions:
    """The newest version that is shown: of those that came before the question, and of those after it."""

    __slots__ = ("_asked", "_refuted_at", "_waiting")

    def __init__(self) -> None:
        self._asked: Version | None = None
        self._waiting: Version | None = None
        self._refuted_at: int | None = None

    def on_shown(self, version: Version) -> None:
        """A phone shows this."""
        self._waiting = _newest(version, self._waiting)

    def is_due(self, now: int) -> bool:
        """Whether the light should be asked for their sake."""
        rested = self._refuted_at is None or now - self._refuted_at >= RESTS_NS
        return self._asked is not None or (self._waiting is not None and rested)

    def on_probe(self, now: int) -> None:
        """The light is asked now."""
        if self._waiting is not None and self.is_due(now):
            self._asked, self._waiting = _newest(self._waiting, self._asked), None

    def on_version(self, version: Version) -> None:
        """The light has come to this version."""
        if self._asked is not None and version >= self._asked:
            self._asked = None
        if self._waiting is not None and version >= self._waiting:
            self._waiting = None

    def refute(self, now: int) -> bool:
        """The light has answered, and is older. Answers whether that shows a claim to be false."""
        is_false = self._asked is not None
        if is_false:
            self._asked, self._refuted_at = None, now
        return is_false


def _newest(one: Version, other: Version | None) -> Version:
    return one if other is None else max(one, other)
