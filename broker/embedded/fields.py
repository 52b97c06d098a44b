"""What MQTT packets of either version are made of: strings, binary data, lengths. Bytes in, values and offsets out.

Raises the contract's `Malformed`. Section numbers are those of the OASIS standard "MQTT Version 5.0".
"""

from presslight.contract.errors import Malformed

MAX_LENGTH_BYTES = 4


def text(body: bytes, at: int) -> tuple[str, int]:
    """A string (1.5.4) and where it ends."""
    piece, end = binary(body, at)
    try:
        read = piece.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None
    if "\0" in read:
        raise Malformed("a string holds a null character")
    return read, end


def binary(body: bytes, at: int) -> tuple[bytes, int]:
    """Binary data of up to 65,535 bytes (1.5.6) and where it ends."""
    size, start = number(body, at, 2)
    end = start + size
    if end > len(body):
        raise Malformed("a field is longer than its packet")
    return body[start:end], end


def number(body: bytes, at: int, size: int) -> tuple[int, int]:
    """An integer of `size` bytes (1.5.2, 1.5.3) and where it ends."""
    end = at + size
    if end > len(body):
        raise Malformed("a field is longer than its packet")
    return int.from_bytes(body[at:end], "big"), end


def length(body: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable byte integer (1.5.5) and where it ends; None where not all of it is there."""
    value = 0
    for digit in range(MAX_LENGTH_BYTES):
        if at + digit >= len(body):
            return None
        value |= (body[at + digit] & 0x7F) << (7 * digit)
        if body[at + digit] < 0x80:
            return value, at + digit + 1
    raise Malformed("a length has more than four bytes")


def write_length(value: int) -> bytes:
    """A variable byte integer."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def write_binary(value: bytes) -> bytes:
    """Binary data behind its length."""
    return len(value).to_bytes(2, "big") + value


def write_packet(head: int, body: bytes) -> bytes:
    """A whole packet from its first byte and what follows the length."""
    return bytes([head]) + write_length(len(body)) + body
