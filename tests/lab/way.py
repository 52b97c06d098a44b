"""One direction of a slow network. Pure: times are seconds on any monotonic clock."""

from collections import Counter, deque

from tests.lab.fate import Direction, Weather, is_lost
from tests.lab.segment import Flows, read


class Way:
    """Takes packets in and gives them out later, in their order. `counts`: what became of them."""

    def __init__(self, weather: Weather, direction: Direction, flows: Flows) -> None:
        self.is_cut = False
        self.stranded = 0
        """Connections up to this number are forgotten by the network: their packets vanish."""
        self.counts: Counter[str] = Counter()
        self._weather = weather
        self._direction = direction
        self._flows = flows
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._queued: deque[float] = deque()  # when each packet that waits for the uplink will have left it
        self._bytes_per_s = weather.uplink_kbps * 125 if weather.uplink_kbps and direction == "up" else None

    @property
    def wake_at(self) -> float | None:
        """When the next packet comes out; None where none is under way."""
        return self._under_way[0][0] if self._under_way else None

    def take(self, packet: bytes, now: float) -> None:
        """A packet came in."""
        fate = self._fate(packet)
        if fate == "carried":
            left = self._left(len(packet), now)
            if left is None:
                fate = "overflowed"
            else:
                self._under_way.append((left + self._weather.delay_ms / 1_000, packet))
        self.counts[fate] += 1

    def due(self, now: float) -> list[tuple[float, bytes]]:
        """The packets that come out by now, each with the moment at which it should have."""
        out = []
        while self._under_way and self._under_way[0][0] <= now:
            out.append(self._under_way.popleft())
        return out

    def _fate(self, packet: bytes) -> str:
        segment = read(packet, self._direction)
        if segment is None:
            return "foreign"  # the kernel's own IPv6 chatter on a new interface
        flow, mark, copy = self._flows.name(segment, self._direction)
        if self.is_cut or flow <= self.stranded:
            return "cut"
        return "lost" if is_lost(self._weather, flow, self._direction, mark, copy) else "carried"

    def _left(self, size: int, now: float) -> float | None:
        """When the packet will have left the uplink; None where its queue is full."""
        if self._bytes_per_s is None:
            return now
        while self._queued and self._queued[0] <= now:
            self._queued.popleft()
        if len(self._queued) >= self._weather.queue_packets:
            return None
        self._queued.append((self._queued[-1] if self._queued else now) + size / self._bytes_per_s)
        return self._queued[-1]
