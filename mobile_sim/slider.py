"""A slider under a finger: one press in flight and one newest wish waiting. Pure.

Wishes that a newer one overtook before they were sent are never sent, so they get no key. Attributes that a newer wish
leaves out are kept of the older one.
tests/mobile_sim/slider_table.json states the behaviour, for the page, too.
"""

from presslight.contract.light import WishFields


class Slider:
    """One light's slider."""

    def __init__(self) -> None:
        self._sent: WishFields | None = None
        self._waiting: WishFields | None = None

    def on_move(self, wish: WishFields) -> WishFields | None:
        """Take the finger's newest wish. Answers the wish to press now, or None if it has to wait."""
        if self._sent is None:
            self._sent = wish
            return wish
        newest: WishFields = {**(self._waiting or wish), **wish}
        self._waiting = None if newest == self._sent else newest
        return None

    def settled(self) -> WishFields | None:
        """The press in flight is over. Answers the wish to press now, or None if the finger rests."""
        self._sent, self._waiting = self._waiting, None
        return self._sent

    def overrule(self) -> None:
        """Drop the wish that waits: its light was pressed otherwise meanwhile."""
        self._waiting = None
