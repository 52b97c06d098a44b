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


class Agenda:
    """What happens when. `now`: true time in ns. Things of one moment happen in the order in which they were set."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, Entry]] = []
        self._count = 0

    def at(self, when: int, call: Callable[[], None]) -> Entry:
        """Have something happen at `when`, or now if that is over."""
        entry = Entry(call)
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, entry))
        return entry

    def after(self, wait: int, call: Callable[[], None]) -> Entry:
        """Have something happen `wait` ns from now."""
        return self.at(self.now + wait, call)

    def step(self, until: int) -> bool:
        """Let the next thing happen that is due up to `until`. False, and time is `until`, if there is none."""
        while self._heap and self._heap[0][0] <= until:
            when, _, entry = heapq.heappop(self._heap)
            if entry.call is not None:
                self.now = when
                entry.call()
                return True
        self.now = max(self.now, until)
        return False


class Clock:
    """A device's clock in ns, `ppm` millionths fast, that shows `shows` now."""

    def __init__(self, agenda: Agenda, ppm: int, shows: int) -> None:
        self._agenda = agenda
        self._rate = _MILLION + ppm
        self._since = agenda.now
        self._shown = shows

    def now(self) -> int:
        """What it shows."""
        return self._shown + max(0, self._agenda.now - self._since) * self._rate // _MILLION

    def pause(self, ns: int) -> None:
        """Stand still for so long."""
        self._shown = self.now()
        self._since = self._agenda.now + ns

    def resume(self) -> None:
        """Stand still no longer."""
        self._since = min(self._since, self._agenda.now)

    def when(self, shows: int) -> int:
        """The true time from which on it shows at least `shows`."""
        return self._since - (-(shows - self._shown) * _MILLION // self._rate)
