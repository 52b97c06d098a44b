"""A lower bound of a light's clock. Pure: times are ns on this bridge's monotonic clock, `up` is ms on the light's.

Whoever hears `up` = U at its own time R knows that the light's clock is at least U + (now - R)(1 - 1,000 ppm).
"""

from presslight.contract.words import MAX_DRIFT_PPM

_SLOWEST = 1_000_000 - MAX_DRIFT_PPM  # of a million
_NS_PER_MS = 1_000_000


class Bound:
    """The best that is proven of one boot's clock."""

    __slots__ = ("_heard", "_up")

    def __init__(self, up: int, heard: int) -> None:
        self._up = up
        self._heard = heard

    def at(self, now: int) -> int:
        """The least that the light's clock shows at `now`, in ms."""
        return self._up + max(0, now - self._heard) * _SLOWEST // (_NS_PER_MS * 1_000_000)

    def observe(self, up: int, now: int) -> int:
        """Take in a report made at `up`. Answers by how many ms the bound rose; 0 if it knew better."""
        rise = up - self.at(now)
        if rise > 0:
            self._up, self._heard = up, now
        return max(0, rise)

    def passes(self, up: int) -> int:
        """When (ns) the clock is sure to be past `up`, should no report come before that."""
        missing = max(0, up + 1 - self._up)
        return self._heard - (-missing * _NS_PER_MS * 1_000_000 // _SLOWEST)
