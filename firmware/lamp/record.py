"""What outlives a power cut: (sequence, epoch, is_on, brightness), in two places of which each write touches one.

`sequence` counts the writes, so the higher one is the newer, and its parity says where it stands. Whatever write the
power dies in, the other place still holds the record before it; the check sum tells a torn one.
"""

import struct
from binascii import crc32

from lamp.command import MAX_SMALL

_LAYOUT = ">HIIBB"
_MAGIC = 0x504C
SIZE = struct.calcsize(_LAYOUT) + 4

NEW = (0, 0, False, 255)
"""The record of a chip that never wrote one."""


def next_epoch(kept: int, flashed: int) -> int:
    """Give the epoch of this boot: above that of the last, also where a chip was wiped and set up at `flashed` (s).

    After the last that the wire can say comes 1: it is asked then, and readers begin anew.
    """
    epoch = max(kept, flashed // 60) + 1
    return epoch if epoch <= MAX_SMALL else 1


def encode(record: "tuple[int, int, bool, int]") -> bytes:
    """Write a record as the bytes of its place."""
    body = struct.pack(_LAYOUT, _MAGIC, *record)
    return body + struct.pack(">I", crc32(body))


def decode(place: bytes) -> "tuple[int, int, bool, int] | None":
    """Read a place; None where it was never written, or torn."""
    if len(place) != SIZE or struct.unpack(">I", place[-4:])[0] != crc32(place[:-4]):
        return None
    kind, sequence, epoch, is_on, brightness = struct.unpack(_LAYOUT, place[:-4])
    return (sequence, epoch, bool(is_on), brightness) if kind == _MAGIC else None


def newest(places: "list[bytes]") -> "tuple[int, int, bool, int]":
    """Give the newest record of what the places hold."""
    return max([decode(place) or NEW for place in places])
