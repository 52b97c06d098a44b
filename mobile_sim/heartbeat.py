"""Whether the other end of a link is alive, and how far away it is. Pure. Times are ms on the phone's clock."""

from math import inf

from presslight.contract.phone_rules import (
    DOUBT_MS,
    DOUBT_RTTS,
    RTT_SMOOTHING,
    SETTLING_PINGS,
    SHORTEST_PING_MS,
    SILENCE_PINGS,
)
from presslight.contract.words import MAX_SMALL


class Heartbeat:
    """Of one link, welcomed at `now`, `rtt_ms` after its hello; the bridge pings every `ping_ms`."""

    def __init__(self, ping_ms: int, rtt_ms: float, now: float) -> None:
        self._ping_ms = max(ping_ms, SHORTEST_PING_MS)
        self._heard = now
        self._next = now
        self._prove_by = inf
        self._n = 0
        self._sent: float | None = None
        self._measured = False
        self.rtt_ms = rtt_ms
        """The smoothed round trip; until the first pong, the time from hello to welcome."""

    @property
    def wake_at(self) -> float:
        """When to ask `due` again."""
        return min(self._next, self._silent_at)

    def on_frame(self, now: float) -> None:
        """Anything came in."""
        self._heard, self._prove_by = now, inf

    def doubt(self, now: float) -> None:
        """A press got no answer in time: ping at once, and take the link for dead much sooner than otherwise."""
        if self._prove_by == inf:
            self._prove_by = now + max(DOUBT_MS, DOUBT_RTTS * self.rtt_ms)
            self._next = now

    def is_silent(self, now: float) -> bool:
        """True once the bridge has said nothing for 2.5 times as long as it promised, or since a doubt."""
        return now >= self._silent_at

    @property
    def _silent_at(self) -> float:
        return min(self._heard + SILENCE_PINGS * self._ping_ms, self._prove_by)

    def due(self, now: float) -> int | None:
        """The number to ping with now, or None if it is not time yet."""
        if now < self._next:
            return None
        self._n = self._n % MAX_SMALL + 1
        self._sent, self._next = now, now + self._ping_ms
        return self._n

    def pong(self, n: int, now: float) -> None:
        """A ping was answered. Late and strange answers count for nothing."""
        if self._sent is None or n != self._n:
            return
        sample, self._sent = now - self._sent, None
        self.rtt_ms = self.rtt_ms + RTT_SMOOTHING * (sample - self.rtt_ms) if self._measured else sample
        self._measured = True
        if self._n < SETTLING_PINGS:
            self._next = now
