"""One light: its output, version, decisions, and counts of dropped messages."""

from lamp import MAX_SMALL
from lamp.command import MALFORMED, TOO_LARGE, Command
from lamp.gate import Gate
from lamp.output import toggled

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.output import Output

RETAINED = TOO_LARGE + 1
BUTTON = RETAINED + 1
"""Events of a light: a set message that is VALID, MALFORMED, INVALID, TOO_LARGE or RETAINED, or the BUTTON."""

NOTHING, REPORT, SHINE = range(3)
"""Actions for the shell. SHINE: show `output`, for a message call `took`, then report."""


class Light:
    """A light in one boot: `boot` is its name (8 hex digits), `epoch` its count.

    `dropped` counts messages by cause: malformed, invalid, too large, retained. `changed_by`: what
    brought it to its version at clock `changed_at`: press (a message with a key: `origin`, `number`), command (one
    without), button, start.
    """

    def __init__(self, boot: str, epoch: int, output: "Output") -> None:
        self.epoch = epoch
        self.seq = 0
        self.output = output
        self.changed_by = "start"
        self.changed_at = 0
        self.origin = ""
        self.number = 0
        self.gate = Gate(boot)
        self.dropped = [0, 0, 0, 0]

    def on_event(self, event: int, heard: Command, up: int) -> int:
        """Take an event at clock `up` (ms since boot, read right before); give the action for the shell.

        `heard`: the message, just read. The button and retained messages leave it alone.
        """
        return self._STEPS[event](self, event, heard, up)

    def _obey(self, _event: int, heard: Command, up: int) -> int:
        if heard.origin and not self.gate.judge(heard, up, self.epoch, self.seq):
            return REPORT
        output = heard.is_on, heard.brightness or self.output[1]
        if not heard.origin:
            self._become(output, "command", up)
            return SHINE
        if self._become(output, "press", up):
            self.origin, self.number = heard.origin, heard.number
        return SHINE

    def _refuse(self, event: int, heard: Command, up: int) -> int:
        self._drop(event, heard, up)
        return REPORT if heard.origin and self.gate.refuse(heard, up, self.seq) else NOTHING

    def _drop(self, event: int, _heard: Command, _up: int) -> int:
        """Count the message by cause; retained and malformed messages never change the light."""
        cause = event - MALFORMED
        self.dropped[cause] = min(self.dropped[cause] + 1, MAX_SMALL)
        return NOTHING

    def _toggle(self, _event: int, _heard: Command, up: int) -> int:
        self._become(toggled(self.output), "button", up)
        return SHINE

    def took(self, heard: Command, us: int) -> None:
        """Write into the newest decision the version that it led to, and the µs from the message read to the output."""
        if heard.origin:
            decisions = self.gate.decisions
            decisions[-1] = decisions[-1][:3] + (self.seq, min(us, MAX_SMALL))  # noqa: RUF005 -- MicroPython has no star

    def _become(self, output: "Output", cause: str, up: int) -> bool:
        """Take an output from now on; gives whether that is a change."""
        if output == self.output:
            return False
        if self.seq == MAX_SMALL:
            raise OverflowError("a new boot must start the count again")
        self.output = output
        self.seq += 1
        self.changed_by, self.changed_at = cause, up
        return True

    _STEPS = (_obey, _drop, _refuse, _drop, _drop, _toggle)  # by the event: VALID, MALFORMED, INVALID, TOO_LARGE, …
