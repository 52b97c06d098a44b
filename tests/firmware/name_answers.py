"""Datagrams of a name server, as a test wants them."""

import socket
import struct
from collections.abc import Sequence

A, CNAME, AAAA = 1, 5, 28
POINTER = b"\xc0\x0c"
"""Stands for the name of the question."""


def wire_name(name: str) -> bytes:
    return b"".join(bytes((len(part),)) + part for part in name.encode().split(b".") if part) + b"\0"


def question(name: str, mark: bytes = b"MN") -> bytes:
    return mark + struct.pack(">5H", 0x0100, 1, 0, 0, 0) + wire_name(name) + struct.pack(">2H", A, 1)


def record(kind: int, data: bytes, owner: bytes = POINTER) -> bytes:
    return owner + struct.pack(">2HIH", kind, 1, 60, len(data)) + data


def address(text: str, owner: bytes = POINTER) -> bytes:
    return record(A, socket.inet_aton(text), owner)


def answer(asked: bytes, records: Sequence[bytes] = (), *, code: int = 0, count: int | None = None) -> bytes:
    """The answer to a question, as the name server says it: its name in the same letters, then the records."""
    counts = struct.pack(">3H", len(records) if count is None else count, 0, 0)
    return asked[:2] + struct.pack(">H", 0x8180 | code) + asked[4:6] + counts + asked[12:] + b"".join(records)
