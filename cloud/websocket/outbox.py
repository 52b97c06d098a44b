"""Frames that wait to be sent to one phone. Pure: times are ns on a monotonic clock.

Words (outcomes, errors, pings) wait in order and are never dropped: there are no more of them than open presses and
unanswered frames. Of a light only the newest change waits, and so does the newest status, behind all lights.
"""

from collections import deque

_STATUS = ""
"""Among the lights, as no light is called so."""


class Outbox:
    """The frames for one phone. `stuck_since`: since when the phone's socket takes nothing, None while it does."""

    __slots__ = ("_lights", "_words", "stuck_since")

    def __init__(self) -> None:
        self._words: deque[str] = deque()
        self._lights: dict[str, str] = {}
        self.stuck_since: int | None = None

    def put(self, text: str) -> None:
        """Queue a frame that must arrive."""
        self._words.append(text)

    def put_light(self, name: str, text: str) -> None:
        """Queue a light's newest change instead of an older one that still waits."""
        self._lights[name] = text

    def put_broker_status(self, text: str) -> None:
        """Queue the newest status: a phone takes a light that it has not heard of by then for offline."""
        self._lights.pop(_STATUS, None)
        self._lights[_STATUS] = text

    def __len__(self) -> int:
        return len(self._words) + len(self._lights)

    @property
    def words(self) -> int:
        """How many frames wait that must arrive."""
        return len(self._words)

    def peek(self) -> list[str]:
        """The words that wait, left where they are."""
        return list(self._words)

    def take_frames(self, most: int) -> list[str]:
        """Take out up to `most` frames, words first."""
        taken = [self._words.popleft() for _ in range(min(most, len(self._words)))]
        names = list(self._lights)[: most - len(taken)]
        return taken + [self._lights.pop(name) for name in names]
