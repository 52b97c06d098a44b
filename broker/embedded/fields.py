"""Data types of MQTT packets (MQTT 5, 1.5), the same in both versions. Bytes in, values and offsets out.

Each reader gets a packet's body and an offset, and gives the value and the offset behind it. Raises the contract's
`Malformed`. Section numbers are those of the OASIS standard "MQTT Version 5.0".
"""

from presslight.contract.errors import Malformed

MAX_LENGTH_BYTES = 4


def text(body: bytes, at: int) -> tuple[str, int]:
    """A UTF-8 encoded string (1.5.4). Raises Malformed for other bytes and for a null character."""
    piece, end = binary(body, at)
    try:
        read = piece.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None
    if "\0" in read:
        raise Malformed("a string holds a null character")
    return read, end


def binary(body: bytes, at: int) -> tuple[bytes, int]:
    """Binary data of up to 65,535 bytes (1.5.6)."""
    size, start = number(body, at, 2)
    end = start + size
    if end > len(body):
        raise Malformed("a field is longer than its packet")
    return body[start:end], end


def number(body: bytes, at: int, size: int) -> tuple[int, int]:
    """A big-endian integer of `size` bytes (1.5.2, 1.5.3)."""
    end = at + size
    if end > len(body):
        raise Malformed("a field is longer than its packet")
    return int.from_bytes(body[at:end], "big"), end


def length(body: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable byte integer (1.5.5); None where more bytes are needed. Raises Malformed at a fifth byte."""
    value = 0
    for digit in range(MAX_LENGTH_BYTES):
        if at + digit >= len(body):
            return None
        value |= (body[at + digit] & 0x7F) << (7 * digit)
        if body[at + digit] < 0x80:
            return value, at + digit + 1
    raise Malformed("a length has more than four bytes")


def write_length(value: int) -> bytes:
    """Encode a variable byte integer (1.5.5)."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def write_binary(value: bytes) -> bytes:
    """Encode binary data with its length in front (1.5.6)."""
    return len(value).to_bytes(2, "big") + value


def write_packet(head: int, body: bytes) -> bytes:
    """Encode a packet from the first byte of its fixed header and what follows the length (2.1)."""
    return bytes([head]) + write_length(len(body)) + body
