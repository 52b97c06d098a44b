"""Records of the light: on the flash (sequence, ceiling, output), and as a note in RTC memory (ceiling, epoch, output).

No boot has told an epoch above the `ceiling`. The flash has two places, of which each write touches one. `sequence`
counts the writes, so the higher one is the newer, and its parity says where it stands. Whatever write the power dies
in, the other place still holds the record before it; the check sum tells a torn one.

Bytes of a record, numbers big-endian: `LR`; the layout, which is the count of the output's bytes; a note's count of
failed starts; the two numbers, 4 bytes each; the output, a byte for each field; CRC-32 of all that. A later layout
appends fields to the output and changes nothing else. So firmware that knows fewer fields reads the others over, and
takes its epoch from the record all the same; fields that a record lacks are those of a new light. The former layout
began with `PL` and had neither layout nor count.
"""

import struct
from binascii import crc32

from lamp import MAX_SMALL
from lamp.output import NEW

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.output import Output

_HEAD = ">2sBBII"


def update(note: "tuple[int, int, Output, int, bytes] | None", kept: "tuple[int, Output]") -> "tuple[int, int, Output]":
    """Give what a boot begins with: the ceiling, the last epoch that may be told, the output.

    `note`: the record in RTC memory, None where that is lost. `kept`: ceiling and output on the flash.
    A note is written before the flash, so one of a lower ceiling is not of this flash; then all up to it may be told.
    """
    if note is None or note[0] < kept[0]:
        return kept[:1] + kept
    return kept[:1] + note[1:3]


def next_epoch(ceiling: int, flashed: int, kept: int) -> "tuple[int, int]":
    """Give the epoch of this boot, and the ceiling that must be on the flash before it is told.

    It is above the last one, `kept`, also where a chip was wiped and set up at `flashed` (s). After the last that the
    wire can say comes 1: it is asked then, and readers begin anew. A write is for 64 of them: boots after a reset take
    the next one, and write nothing.
    """
    epoch = max(kept, flashed // 60) + 1
    if epoch > MAX_SMALL:
        epoch = 1
    return epoch, ceiling if kept < epoch <= ceiling else min(epoch + 63, MAX_SMALL)


def encode(first: int, second: int, output: "Output", failures: int = 0) -> bytes:
    """Write a record. `first` and `second`: its two numbers; `failures`: a note's count of failed starts, 0-255."""
    body = struct.pack(_HEAD, b"LR", len(output), failures, first, second) + bytes(output)
    return body + struct.pack(">I", crc32(body))


def decode(place: bytes) -> "tuple[int, int, Output, int, bytes] | None":
    """Read a record: its two numbers, output, failures, and the bytes behind it. None where there is none, or torn."""
    kind = place[:2]
    if len(place) < 16 or kind not in (b"LR", b"PL"):
        return None
    end = 12 + (place[2] if kind == b"LR" else 0)
    if place[end : end + 4] != struct.pack(">I", crc32(place[:end])):
        return None
    if kind == b"PL":
        first, second, failures, _ = struct.unpack(">IIBB", place[2:12])
        fields = bytes((failures & 1, place[11]))  # is_on was the lowest bit of that byte
        failures >>= 1
    else:
        _, _, failures, first, second = struct.unpack(_HEAD, place[:12])
        fields = place[12:end] or bytes(NEW)
    rest = tuple(fields[1 : len(NEW)]) + NEW[len(fields) :]
    output = (fields[0] > 0,) + rest  # noqa: RUF005 -- MicroPython has no star there
    return first, second, output, failures, place[end + 4 :]  # type: ignore[return-value]  # mypy counts no fields


def newest(places: "list[bytes]") -> "tuple[int, int, Output, int, bytes]":
    """Give the newest record of what the places hold."""
    return max([decode(place) or (0, 0, NEW, 0, b"") for place in places])
