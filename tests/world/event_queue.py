"""True time (ns), what happens when, and devices' clocks that are not quite true."""

import heapq
from collections.abc import Callable

MS = 1_000_000
S = 1_000 * MS
_MILLION = 1_000_000


class Entry:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None] | None) -> None:
        self.call = call

    def cancel(self) -> None:
        """It will not happen."""
        self.call = None


class EventQueue:
    """What happens when. `now`: true time in ns. Things of one moment happen in the order in which they were set."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, Entry]] = []
        self._count = 0

    def at(self, when: int, call: Callable[[], None]) -> Entry:
        """Have something happen at `when`, or now if that is over."""
        entry = Entry(call)
        self._count += 1
        heapq.heappush(self._heap, (when if when > self.now else self.now, self._count, entry))
        return entry

    def after(self, wait: int, call: Callable[[], None]) -> Entry:
        """Have something happen `wait` ns from now."""
        return self.at(self.now + wait, call)

    def run(self, until: int) -> None:
        """Let everything happen that is due up to `until`, which is the time then."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= until:
            when, _, entry = pop(heap)
            if entry.call is not None:
                self.now = when
                entry.call()
        self.now = until


class Clock:
    """A device's clock in ns, `ppm` millionths fast, that shows `shows` now."""

    def __init__(self, event_queue: EventQueue, ppm: int, shows: int) -> None:
        self._event_queue = event_queue
        self._rate = _MILLION + ppm
        self._since = event_queue.now
        self._shown = shows

    def now(self) -> int:
        """What it shows."""
        passed = self._event_queue.now - self._since
        return self._shown + passed * self._rate // _MILLION if passed > 0 else self._shown

    def pause(self, ns: int) -> None:
        """Stand still for so long."""
        self._shown = self.now()
        self._since = self._event_queue.now + ns

    def resume(self) -> None:
        """Stand still no longer."""
        self._since = min(self._since, self._event_queue.now)

    def when(self, shows: int) -> int:
        """The true time from which on it shows at least `shows`."""
        return self._since - (-(shows - self._shown) * _MILLION // self._rate)
