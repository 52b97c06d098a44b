"""One light as it is: on or off, how bright, its version, what it decided and what it dropped."""

from lamp import command, glow
from lamp.command import MAX_SMALL, Command
from lamp.gate import Gate

NOTHING, REPORT, SHINE = range(3)
"""What a message asks of the shell. SHINE: set the output to `duty`, tell `took`, then report."""

RETAINED = command.VALID
"""The place of retained messages among the dropped; the others' is what `command` judged them to be."""


class Light:
    """A light in one boot: `boot` is its name (8 hex digits), `epoch` its count. `dropped` counts messages by cause."""

    def __init__(self, boot: str, epoch: int, is_on: bool, brightness: int) -> None:
        self.epoch = epoch
        self.seq = 0
        self.is_on = is_on
        self.brightness = brightness
        self.gate = Gate(boot)
        self.dropped = [0, 0, 0, 0]

    @property
    def duty(self) -> int:
        """What the PWM shall do, 0-65535."""
        return glow.duty(self.is_on, self.brightness)

    def toggle(self) -> None:
        """Obey the button."""
        self._become(not self.is_on, self.brightness)

    def drop(self, cause: int) -> None:
        """Count a message that is not obeyed."""
        self.dropped[cause] = min(self.dropped[cause] + 1, MAX_SMALL)

    def hear(self, judgement: int, heard: Command, is_retained: bool, up: int) -> int:
        """Obey a set message just read, at clock `up`, which is read right before. Gives what it asks of the shell.

        A retained one is nobody's wish of now, so it is dropped.
        """
        if is_retained:
            self.drop(RETAINED)
            return NOTHING
        if judgement != command.VALID:
            self.drop(judgement)
            return REPORT if heard.origin and self.gate.refuse(heard, up, self.seq) else NOTHING
        if heard.origin and not self.gate.judge(heard, up, self.epoch, self.seq):
            return REPORT
        self._become(heard.is_on, heard.brightness or self.brightness)
        if heard.origin:
            self.gate.decisions[-1].seq = self.seq
        return SHINE

    def took(self, heard: Command, us: int) -> None:
        """Note how long it took from the message read to the output changed."""
        if heard.origin:
            self.gate.decisions[-1].us = min(us, MAX_SMALL)

    def _become(self, is_on: bool, brightness: int) -> None:
        if (is_on, brightness) != (self.is_on, self.brightness):
            if self.seq == MAX_SMALL:
                raise OverflowError("a new boot must start the count again")
            self.is_on, self.brightness = is_on, brightness
            self.seq += 1
