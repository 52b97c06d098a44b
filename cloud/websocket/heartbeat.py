"""Whether a phone is alive, and how far away. Pure: times are ns on a monotonic clock."""

from presslight.contract.words import MAX_SMALL

SILENCE = 2.5
"""A phone that says nothing for so many times the pings' distance is silent."""


class Heartbeat:
    """Of a phone that is pinged every `every` ns from `now` on."""

    __slots__ = ("_every", "_heard", "_n", "_pinged", "rtt")

    def __init__(self, every: int, now: int) -> None:
        self.rtt = 0
        """The newest round trip; 0 before the first."""
        self._every = every
        self._heard = now
        self._pinged = now
        self._n = 0

    @property
    def wake_at(self) -> int:
        """When to look again."""
        return min(self._pinged + self._every, self._silent_at)

    @property
    def _silent_at(self) -> int:
        return self._heard + int(SILENCE * self._every)

    def on_frame(self, now: int) -> None:
        """Anything came in."""
        self._heard = now

    def is_silent(self, now: int) -> bool:
        """Whether nothing came in for too long."""
        return now >= self._silent_at

    def is_due(self, now: int) -> bool:
        """Whether it is time for a ping."""
        return now >= self._pinged + self._every

    def ping(self, now: int) -> int:
        """Ping now; answers the ping's number."""
        self._n = self._n % MAX_SMALL + 1
        self._pinged = now
        return self._n

    def pong(self, n: int, now: int) -> None:
        """A ping was answered. Answers to others than the newest count for nothing."""
        if n == self._n:
            self.rtt = now - self._pinged
