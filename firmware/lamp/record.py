"""What outlives a power cut: (sequence, ceiling, is_on, brightness), in two places of which each write touches one.

No boot has told an epoch above the `ceiling`. `sequence` counts the writes, so the higher one is the newer, and its
parity says where it stands. Whatever write the power dies in, the other place still holds the record before it; the
check sum tells a torn one.
"""

import struct
from binascii import crc32

from lamp import MAX_SMALL

_LAYOUT = ">HIIBB"
_MAGIC = 0x504C
SIZE = struct.calcsize(_LAYOUT) + 4

NEW = (0, 0, False, 255)
"""The record of a chip that never wrote one."""


def update(place: "tuple[int, int, int, int] | None", kept: "tuple[int, int, int]") -> "tuple[int, int, int, int]":
    """Give what a boot begins with: the ceiling, the last epoch that may be told, is_on, brightness.

    `place`: the same as RTC memory has it, None where that is lost. `kept`: ceiling, is_on and brightness on the flash.
    A note is written before the flash, so one of a lower ceiling is not of this flash; then all up to it may be told.
    """
    if place is None or place[0] < kept[0]:
        return kept[:1] + kept
    return kept[:1] + place[1:]


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


def encode(record: "tuple[int, int, int, int]") -> bytes:
    """Write a record as the bytes of its place."""
    body = struct.pack(_LAYOUT, _MAGIC, *record)
    return body + struct.pack(">I", crc32(body))


def decode(place: bytes) -> "tuple[int, int, int, int] | None":
    """Read a place; None where it was never written, or torn."""
    if len(place) != SIZE or struct.unpack(">I", place[-4:])[0] != crc32(place[:-4]):
        return None
    kind, sequence, epoch, is_on, brightness = struct.unpack(_LAYOUT, place[:-4])
    return (sequence, epoch, is_on, brightness) if kind == _MAGIC else None


def newest(places: "list[bytes]") -> "tuple[int, int, int, int]":
    """Give the newest record of what the places hold; behind each may stand what is none of it."""
    return max([decode(place[:SIZE]) or NEW for place in places])
