"""TCP segments as the lab tells them apart. Pure."""

import struct
from collections import Counter
from typing import NamedTuple

from tests.lab.fate import Direction

IPV4_TCP = 6
SHORTEST = 40
_WRAP = 2**32


class Segment(NamedTuple):
    """What is read of an IPv4 packet that holds TCP. `ports`: the phone's and the house's."""

    ports: tuple[int, int]
    sequence: int
    acknowledged: int
    length: int


def read(packet: bytes, direction: Direction) -> Segment | None:
    """Read a packet; None where it is no TCP over IPv4."""
    if len(packet) < SHORTEST or packet[0] >> 4 != 4 or packet[9] != IPV4_TCP:
        return None
    head = (packet[0] & 15) * 4
    source, target, sequence, acknowledged, offset = struct.unpack_from(">HHIIB", packet, head)
    ports = (source, target) if direction == "up" else (target, source)
    return Segment(ports, sequence, acknowledged, len(packet) - head - (offset >> 4) * 4)


class Flows:
    """Every connection seen so far, numbered in the order of their first packets."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], int] = {}
        self._starts: dict[tuple[int, Direction], tuple[int, int]] = {}
        self._copies: Counter[tuple[int, Direction, str]] = Counter()

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, segment: Segment) -> int:
        """The number of its connection, from 1."""
        return self._numbers.setdefault(segment.ports, len(self._numbers) + 1)

    def name(self, segment: Segment, direction: Direction) -> tuple[int, str, int]:
        """Its connection, what it carries (counted from the connection's start), and the how-manieth copy it is."""
        flow = self.number(segment)
        first = self._starts.setdefault((flow, direction), (segment.sequence, segment.acknowledged))
        mark = str((segment.sequence - first[0]) % _WRAP)
        if not segment.length:
            mark += f"+{(segment.acknowledged - first[1]) % _WRAP}"  # a bare acknowledgement carries that number
        copy = self._copies[flow, direction, mark]
        self._copies[flow, direction, mark] += 1
        return flow, mark, copy
