"""One light as it is: on or off, how bright, its version, what it decided and what it dropped."""

from lamp import MAX_SMALL, glow
from lamp.command import MALFORMED, TOO_LARGE, Command
from lamp.gate import Gate

RETAINED = TOO_LARGE + 1
BUTTON = RETAINED + 1
"""What can happen to a light: a set message that is VALID, MALFORMED, INVALID, TOO_LARGE or RETAINED, or the BUTTON."""

NOTHING, REPORT, SHINE = range(3)
"""What it asks of the shell then. SHINE: set the output to `duty`, for a message tell `took`, then report."""


class Light:
    """A light in one boot: `boot` is its name (8 hex digits), `epoch` its count.

    `dropped` counts messages by cause: malformed, invalid, too large, retained. `changed_by`: what
    brought it to its version at clock `changed_at`: press (a message with a key: `origin`, `number`), command (one
    without), button, start.
    """

    def __init__(self, boot: str, epoch: int, is_on: bool, brightness: int) -> None:
        self.epoch = epoch
        self.seq = 0
        self.is_on = is_on
        self.brightness = brightness
        self.changed_by = "start"
        self.changed_at = 0
        self.origin = ""
        self.number = 0
        self.gate = Gate(boot)
        self.dropped = [0, 0, 0, 0]

    @property
    def duty(self) -> int:
        """What the PWM shall do, 0-65535."""
        return glow.duty(self.is_on, self.brightness)

    def on_event(self, event: int, heard: Command, up: int) -> int:
        """Take in what happened at clock `up`, read right before; gives what it asks of the shell.

        `heard`: the message, just read. The button and retained messages leave it alone.
        """
        return self._STEPS[event](self, event, heard, up)

    def _obey(self, _event: int, heard: Command, up: int) -> int:
        if heard.origin and not self.gate.judge(heard, up, self.epoch, self.seq):
            return REPORT
        brightness = heard.brightness or self.brightness
        if not heard.origin:
            self._become(heard.is_on, brightness, "command", up)
            return SHINE
        if self._become(heard.is_on, brightness, "press", up):
            self.origin, self.number = heard.origin, heard.number
        self.gate.decisions[-1].seq = self.seq
        return SHINE

    def _refuse(self, event: int, heard: Command, up: int) -> int:
        self._drop(event, heard, up)
        return REPORT if heard.origin and self.gate.refuse(heard, up, self.seq) else NOTHING

    def _drop(self, event: int, _heard: Command, _up: int) -> int:
        """Obey nothing: a retained message is nobody's wish of now, the others are none at all."""
        cause = event - MALFORMED
        self.dropped[cause] = min(self.dropped[cause] + 1, MAX_SMALL)
        return NOTHING

    def _toggle(self, _event: int, _heard: Command, up: int) -> int:
        self._become(not self.is_on, self.brightness, "button", up)
        return SHINE

    def took(self, heard: Command, us: int) -> None:
        """Note how long it took from the message read to the output changed."""
        if heard.origin:
            self.gate.decisions[-1].us = min(us, MAX_SMALL)

    def _become(self, is_on: bool, brightness: int, cause: str, up: int) -> bool:
        """Be so from now on; gives whether that is a change."""
        if (is_on, brightness) == (self.is_on, self.brightness):
            return False
        if self.seq == MAX_SMALL:
            raise OverflowError("a new boot must start the count again")
        self.is_on, self.brightness = is_on, brightness
        self.seq += 1
        self.changed_by, self.changed_at = cause, up
        return True

    _STEPS = (_obey, _drop, _refuse, _drop, _drop, _toggle)  # by the event: VALID, MALFORMED, INVALID, TOO_LARGE, …
