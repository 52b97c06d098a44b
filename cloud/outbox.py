"""What waits to be sent to one phone. Pure: times are ns on a monotonic clock.

Words (outcomes, errors, pings, status) wait in order and are never dropped: there are no more of them than open
presses and unanswered frames. Of a light only the newest change waits.
"""

from collections import deque
from collections.abc import Iterator


class Outbox:
    """The frames for one phone. `stuck_since`: since when the phone's socket takes nothing, None while it does."""

    __slots__ = ("_lights", "_words", "stuck_since")

    def __init__(self) -> None:
        self._words: deque[str] = deque()
        self._lights: dict[str, str] = {}
        self.stuck_since: int | None = None

    def word(self, text: str) -> None:
        """Queue a frame that must arrive."""
        self._words.append(text)

    def light(self, name: str, text: str) -> None:
        """Queue a light's newest change instead of an older one that still waits."""
        self._lights[name] = text

    def __len__(self) -> int:
        return len(self._words) + len(self._lights)

    @property
    def words(self) -> int:
        """How many frames wait that must arrive."""
        return len(self._words)

    def drain(self) -> Iterator[str]:
        """Take the frames out one by one, words first, those included that are queued meanwhile."""
        while self._words or self._lights:
            if self._words:
                yield self._words.popleft()
            else:
                yield self._lights.pop(next(iter(self._lights)))
