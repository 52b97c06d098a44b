"""How much one may do: a token bucket. Pure: times are ns on a monotonic clock."""

from collections import OrderedDict

_NS_PER_S = 10**9
_BYTES_OF_ONE = 1_024


class Bucket:
    """Holds `burst` tokens at most; one comes back every 1/`rate` s."""

    __slots__ = ("_at", "_burst", "_per_ns", "_tokens")

    def __init__(self, rate: float, burst: int, now: int) -> None:
        self._per_ns = rate / _NS_PER_S
        self._burst = float(burst)
        self._tokens = self._burst
        self._at = now

    def take_tokens(self, now: int, cost: int = 1) -> bool:
        """Take `cost` tokens. False, and nothing taken, if there are not so many."""
        passed, self._at = now - self._at, now
        tokens = self._tokens + passed * self._per_ns if passed > 0 else self._tokens
        if tokens > self._burst:  # noqa: PLR1730 -- `min` is a call, on the path of a press
            tokens = self._burst
        is_enough = tokens >= cost
        self._tokens = tokens - cost if is_enough else tokens
        return is_enough


class Rates:
    """A bucket for each of many, by name; of more than `most` the one that came up first is forgotten."""

    def __init__(self, rate: float, burst: int, most: int = 1_000) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, name: str, now: int) -> Bucket:
        """The bucket of this one."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._rate, self._burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return bucket


def cost_of(size: int) -> int:
    """Cost in a bucket of a frame or packet of so many bytes: one for each KiB that it begins."""
    return 1 if size <= _BYTES_OF_ONE else 1 + (size - 1) // _BYTES_OF_ONE
