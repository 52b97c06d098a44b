"""Note in the chip's RTC memory, which outlives a reset and no power cut, and does not wear.

MicroPython leaves that memory alone at every reset. Where it is lost all the same, a boot is as one after a power cut.
"""

from random import getrandbits

from machine import RTC

from lamp import record
from lamp.flash import Flash

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.output import Output


class Memory:
    """The light as it was last, the last boot's epoch, and how many starts have failed since one went well.

    `date`: bytes of the last date that is known (`lamp.date`), none where nobody needs it; `origin`: of the date in
    use, `flashed`, `kept` or `network`.
    """

    def __init__(self, flash: Flash) -> None:
        note = record.decode(RTC().memory())
        self._failures, self.date = note[3:] if note else (0, b"")
        self.date = self.date or flash.date
        self.origin = ""
        self.ceiling, self.epoch, self.output = record.update(note, (flash.epoch, flash.output))

    def start(self) -> int:
        """Note a start, which has failed unless `settle` says otherwise; gives the pause due before it, in s."""
        self._failures = min(self._failures + 1, 11)
        self.note()
        return min(300, 1 << self._failures - 1 >> 1)

    def settle(self) -> None:
        """Note that this start went well."""
        if self._failures:
            self._failures = 0
            self.note()

    def next_epoch(self, flash: Flash, flashed: int) -> int:
        """Give an epoch that no boot has told. At most one write to the flash, none after most resets.

        From a flash that is degraded nobody knows how far the boots came after its last record, whose RTC memory is
        gone: then it is drawn at random how far above that one it is.
        """
        for _ in range(2):
            chance = getrandbits(16) if flash.is_degraded else 0
            self.epoch, self.ceiling = record.next_epoch(self.ceiling, flashed, self.epoch + chance)
            self.note()  # first: after a reset between the two they differ, and a higher one is taken
            flash.keep(self.ceiling, self.output, self.date)
            if not flash.is_degraded:
                break
        return self.epoch

    def keep(self, output: "Output") -> None:
        """Note the output as it is now."""
        self.output = output
        self.note()

    def note(self) -> None:
        """Write the note, and the date behind it."""
        RTC().memory(record.encode(self.ceiling, self.epoch, self.output, self._failures) + self.date)
