"""Stand-in for the unix port: do not upload. Whether the access point is in reach: the words `wifi away`, `wifi back`.

While it is away no packet gets through, and nobody is told: no FIN, no RST, no error. The chip's driver knows once it
has missed the beacons for six seconds, and joins again by itself when they are back (here at once; a real one takes its
time: `chip/join.py`).
"""

import time

import channel

BEACON_TIMEOUT_MS = 6000


class Air:
    """The air between the light and its access point."""

    def __init__(self) -> None:
        self._left_at = None
        self._on_return = []
        channel.on("wifi away", self._lose)
        channel.on("wifi back", self._carry_again)

    def is_silent(self) -> bool:
        """True where no packet gets through, known or not."""
        return self._left_at is not None

    def is_lost(self) -> bool:
        """True where the chip's driver knows it, too."""
        return self.is_silent() and time.ticks_diff(time.ticks_ms(), self._left_at) >= BEACON_TIMEOUT_MS

    def on_return(self, act: object) -> None:
        """Call `act` each time the access point comes back."""
        self._on_return.append(act)

    def _lose(self) -> None:
        if not self.is_silent():
            self._left_at = time.ticks_ms()

    def _carry_again(self) -> None:
        self._left_at = None
        for act in self._on_return:
            act()


air = Air()
