"""A slider under a finger: one press in flight and one newest value waiting. Pure.

Values that a newer one overtook before they were sent are never sent, so they get no key.
"""


class Slider:
    """One light's slider."""

    def __init__(self) -> None:
        self._sent: int | None = None
        self._waiting: int | None = None

    def move(self, value: int) -> int | None:
        """The finger is at `value`. Answers the value to press now, or None if it has to wait."""
        if self._sent is not None:
            self._waiting = value if value != self._sent else None
            return None
        self._sent = value
        return value

    def settled(self) -> int | None:
        """The press in flight is over. Answers the value to press now, or None if the finger rests."""
        self._sent, self._waiting = self._waiting, None
        return self._sent
