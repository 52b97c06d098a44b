"""Names and when each is due. Pure: times are ns on a monotonic clock."""

import heapq
from collections.abc import Callable


class Timers:
    """`sooner` hears when something is due before all that was set so far."""

    def __init__(self, sooner: Callable[[int], None]) -> None:
        self._sooner = sooner
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_at(self) -> int | None:
        """When the next is due."""
        return self._heap[0][0] if self._heap else None

    def set(self, at: int, name: str) -> None:
        """Have `name` be due at `at`, once more if it is set already."""
        alarm = (at, name)
        heapq.heappush(self._heap, alarm)
        if self._heap[0] is alarm:
            self._sooner(at)

    def due(self, now: int) -> list[str]:
        """Take out what is due at `now`, in order."""
        names = []
        while self._heap and self._heap[0][0] <= now:
            names.append(heapq.heappop(self._heap)[1])
        return names
