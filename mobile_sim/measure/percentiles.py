"""How durations are spread: an HDR histogram and its percentiles. Pure."""

from math import ceil, exp, floor, lgamma, log, log1p

from hdrh.histogram import HdrHistogram
from pydantic import BaseModel, ConfigDict

LONGEST_US = 3_600_000_000
DIGITS = 3
CONFIDENCE = 0.95
SURE = 1_000
"""Fewer samples than this leave fewer than ten beyond p99."""


class Figures(BaseModel):
    """Percentiles in ms. `p99_low` to `p99_high`: where the true p99 lies, 95 % sure; None: beyond what was seen."""

    model_config = ConfigDict(frozen=True)

    n: int
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float
    p99_low: float | None
    p99_high: float | None


class Spread:
    """Durations from 1 µs to 1 h, each kept to three digits."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, LONGEST_US, DIGITS)

    def add(self, ms: float) -> None:
        """Count one."""
        self._histogram.record_value(min(max(1, round(ms * 1_000)), LONGEST_US))

    def figures(self) -> Figures | None:
        """The percentiles, or None of nothing."""
        n = self._histogram.get_total_count()
        if not n:
            return None
        low, high = ranks(n, 0.99)
        return Figures(
            n=n,
            p50=self._at(50),
            p90=self._at(90),
            p99=self._at(99),
            p99_9=self._at(99.9),
            max=self._at(100),
            p99_low=self._at(100 * low / n) if low else None,
            p99_high=self._at(100 * high / n) if high <= n else None,
        )

    def _at(self, percentile: float) -> float:
        return float(self._histogram.get_value_at_percentile(percentile)) / 1_000


def ranks(n: int, share: float) -> tuple[int, int]:
    """The ranks (1 to n) between which the quantile `share` lies with 95 % confidence; 0 and n+1 mean: not seen.

    How many of n samples lie below a quantile is binomial, whatever the distribution.
    """
    tail = (1 - CONFIDENCE) / 2
    width = 6 * (n * share * (1 - share)) ** 0.5 + 10
    first, last = max(0, floor(n * share - width)), min(n, ceil(n * share + width))
    below = 0.0
    low, high = first, n + 1
    for count in range(first, last + 1):
        below += _binomial(n, count, share)
        if below <= tail:
            low = count + 1
        if below >= 1 - tail:
            high = count + 1
            break
    return min(low, n), high


def _binomial(n: int, count: int, share: float) -> float:
    ways = lgamma(n + 1) - lgamma(count + 1) - lgamma(n - count + 1)
    return exp(ways + count * log(share) + (n - count) * log1p(-share))
