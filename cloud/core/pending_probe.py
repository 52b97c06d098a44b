"""A question to a light, which no report that was made before it can answer. Pure: times are ns on a monotonic clock.

The question is a press that does nothing, with a key of its own (`knock`); a report with that key among its outcomes
answers it. Whatever else was heard before the question was asked, and is true, is not newer than the answer. So no
report needs to be judged by how long it may have been under way.
"""

from presslight.contract.mqtt import Report

WAITS_NS = 5 * 10**9
"""So long an answer is waited for before the light is asked again."""

RESTS_NS = 250_000_000
"""A light that contradicts what is known is asked this often at the most."""


class PendingProbe:
    """The newest question to one light. `asked_at`: when that was; None: never. `wanted`: there should be one more."""

    __slots__ = ("_key", "asked_at", "wanted")

    def __init__(self) -> None:
        self._key: str | None = None
        self.asked_at: int | None = None
        self.wanted = False

    def is_due(self, now: int) -> bool:
        """Whether it was not asked just now."""
        return self.asked_at is None or now - self.asked_at >= (RESTS_NS if self._key is None else WAITS_NS)

    def begin(self, key: str, now: int) -> None:
        """The light is asked now, with a key that was never used."""
        self._key, self.asked_at, self.wanted = key, now, False

    def drop(self) -> None:
        """More was heard of the light since: an answer may be older than that, so it proves nothing."""
        self._key = None

    def is_answered_in(self, report: Report) -> bool:
        """Whether a report was made after the question, and so after all that was heard before it."""
        return self._key is not None and any(decision.key == self._key for decision in report.outcomes)
