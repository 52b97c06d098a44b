"""A process that may stand still: what it should do meanwhile waits, and is done when it wakes."""

from collections.abc import Callable

from tests.world.agenda import Agenda


class Nap:
    """Of one life of a process."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._sleeps = False
        self._wakes_at = 0
        self._waiting: list[Callable[[], None]] = []

    def start(self, ns: int) -> None:
        """Stand still for so long, or for longer if it does so already."""
        self._sleeps = True
        self._wakes_at = max(self._wakes_at, self._agenda.now + ns)
        self._agenda.at(self._wakes_at, lambda: self.end() if self._agenda.now >= self._wakes_at else None)

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
