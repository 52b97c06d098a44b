"""A process that may stand still: what it should do meanwhile waits, and is done when it wakes."""

from collections.abc import Callable

from tests.world.event_queue import EventQueue


class Suspension:
    """Of one life of a process."""

    def __init__(self, event_queue: EventQueue) -> None:
        self._event_queue = event_queue
        self._sleeps = False
        self._wakes_at = 0
        self._waiting: list[Callable[[], None]] = []

    def start(self, ns: int) -> None:
        """Stand still for so long, or for longer if it does so already."""
        self._sleeps = True
        self._wakes_at = max(self._wakes_at, self._event_queue.now + ns)
        self._event_queue.at(self._wakes_at, lambda: self.end() if self._event_queue.now >= self._wakes_at else None)

    def do(self, call: Callable[[], None], *, first: bool = False) -> None:
        """Do it now, or on waking: in order, or `first` of all."""
        if not self._sleeps:
            call()
        elif first:
            self._waiting.insert(0, call)
        else:
            self._waiting.append(call)

    def end(self) -> None:
        """Wake."""
        self._sleeps = False
        while self._waiting and not self._sleeps:
            self._waiting.pop(0)()

    def die(self) -> None:
        """Do none of it."""
        self._waiting.clear()
