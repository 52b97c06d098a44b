"""The record on the chip's flash: two files, written in turn."""

from lamp import record, say

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.output import Output

PLACES = ("record-0", "record-1")


class Flash:
    """The newest record, and the way to replace it. Writing blocks: up to 100 ms where a sector must be erased.

    `mark`: of the setting-up in which somebody deleted the light from Home Assistant; empty: nobody did. `date`: bytes
    that stand behind the record and are written along with it, never for themselves. `is_degraded`: a record that was
    there could not be read, or the last one not be written; what was kept may be old.
    """

    def __init__(self) -> None:
        self.mark = _read("deleted")
        places = [_read(place) for place in PLACES]
        self._sequence, self.epoch, self.output, _, self.date = record.newest(places)
        self.is_degraded = False
        for each in places:
            if each and not record.decode(each):
                self.is_degraded = True

    def keep(self, epoch: int, output: "Output", date: bytes = b"") -> None:
        """Write a record, unless the newest says the same. An error is told and survived: the light still works."""
        if (epoch, output) == (self.epoch, self.output):
            return
        sequence = self._sequence + 1
        try:
            _write(PLACES[sequence % 2], record.encode(sequence, epoch, output) + date)
        except OSError as error:
            say(f"flash: {error}")
            self.is_degraded = True
            return
        self.is_degraded = False
        self._sequence, self.epoch, self.output = sequence, epoch, output
        say(f"flash: kept {'on' if output[0] else 'off'} {output[1]}")

    def keep_mark(self, mark: bytes) -> None:
        """Write the mark, unless it is the same. An error is told and survived."""
        if mark == self.mark:
            return
        try:
            _write("deleted", mark)
        except OSError as error:
            say(f"flash: {error}")
            return
        self.mark = mark
        say("flash: kept deleted")


def _read(place: str) -> bytes:
    try:
        with open(place, "rb") as file:
            return bytes(file.read(64))
    except OSError as error:
        return b"" if error.errno == 2 else b"?"  # 2: never written


def _write(place: str, content: bytes) -> None:
    with open(place, "wb") as file:
        file.write(content)
        file.flush()  # littlefs and the unix port put it on the medium here
    if _read(place) != content:
        raise OSError(5)  # EIO
