"""What TCP makes of lost packets, for where no packets can be lost: how late each message comes. Pure; times in ms."""

from dataclasses import dataclass, field

from tests.lab.fate import Direction, Weather, is_lost

SHORTEST_RTO = 200.0
FIRST_RTO = 1_000.0


@dataclass
class Estimator:
    """The retransmission timer of RFC 6298, fed with the round trips of messages that were not lost."""

    smoothed: float | None = None
    spread: float = 0.0

    @property
    def rto(self) -> float:
        """How long an acknowledgement is waited for."""
        return FIRST_RTO if self.smoothed is None else self.smoothed + max(SHORTEST_RTO, 4 * self.spread)

    def measured(self, round_trip: float) -> None:
        """A message was acknowledged at its first try."""
        if self.smoothed is None:
            self.smoothed, self.spread = round_trip, round_trip / 2
        else:
            self.spread = 0.75 * self.spread + 0.25 * abs(self.smoothed - round_trip)
            self.smoothed = 0.875 * self.smoothed + 0.125 * round_trip


@dataclass
class Lane:
    """One direction of one connection: when each message comes out, in order."""

    weather: Weather
    flow: int
    direction: Direction
    _count: int = 0
    _last: float = 0.0
    _timer: Estimator = field(default_factory=Estimator)

    def arrival(self, now: float) -> float:
        """When a message that goes in now comes out."""
        held = 2 * self.weather.delay_ms if not self._count else 0.0  # the handshake, charged to the first bytes
        wait, copy = self._first_wait(), 0
        while is_lost(self.weather, self.flow, self.direction, str(self._count), copy):
            held += wait
            copy += 1
            wait = self._timer.rto * 2**copy
        if not copy:
            self._timer.measured(2 * self.weather.delay_ms)
        self._count += 1
        self._last = max(self._last, now + held + self.weather.delay_ms)
        return self._last

    def _first_wait(self) -> float:
        """A lone last segment is probed for sooner than its timer rings."""
        if self._timer.smoothed is None:
            return self._timer.rto
        return min(2 * self._timer.smoothed + SHORTEST_RTO, self._timer.rto)
