"""Log lines that anybody may cause: the 1st is told, the 10th, the 100th, so that nobody fills a log. Pure."""

from collections import Counter
from collections.abc import Hashable

MOST_KEYS = 1_000
"""Kinds that are counted apart; all beyond are counted as one."""


def is_worth_a_line(times: int) -> bool:
    """Whether what has come up so often is told again."""
    return str(times).strip("0") == "1"


class Damping:
    """Counts what comes up, kind by kind. `first`: so many are all told; `kinds`: so many are counted apart."""

    def __init__(self, first: int = 1, kinds: int = MOST_KEYS) -> None:
        self._first = first
        self._kinds = kinds
        self._counts: Counter[Hashable] = Counter()

    def count_up(self, kind: Hashable) -> int:
        """Count one. How often this kind has come up, where that is worth a line; otherwise 0."""
        known = kind if kind in self._counts or len(self._counts) < self._kinds else None
        self._counts[known] += 1
        times = self._counts[known]
        return times if times <= self._first or is_worth_a_line(times) else 0
