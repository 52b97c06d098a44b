"""How much one may do: a token bucket. Pure: times are ns on a monotonic clock."""

_NS_PER_S = 10**9


class Bucket:
    """Holds `burst` tokens at most; one comes back every 1/`rate` s."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: int, cost: int = 1) -> bool:
        """Take `cost` tokens. False, and nothing taken, if there are not so many."""
        self._tokens = min(self._burst, self._tokens + max(0, now - self._at) * self._rate / _NS_PER_S)
        self._at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True
