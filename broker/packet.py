"""The packets of MQTT 3.1.1 as the embedded broker judges them before amqtt sees any. Bytes in, packets out, no socket.

Section numbers are those of the OASIS standard "MQTT Version 3.1.1". Raises the contract's `Malformed` and `TooLarge`.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from broker.limits import MAX_PACKET_BYTES, MAX_QOS
from contract.errors import Malformed, TooLarge

DISCONNECT_BYTES = b"\xe0\x00"
NOT_AUTHORISED = b"\x20\x02\x00\x05"
ONLY_3_1_1 = b"\x20\x02\x00\x01"
ONLY_3_1_1_IN_5 = b"\x20\x03\x00\x84\x00"
"""The same to a client that opened with MQTT 5, in that version's form."""

LEVEL = 4
_WILL, _USER, _PASSWORD, _CLEAN, _RETAIN = 0x04, 0x80, 0x40, 0x02, 0x20


class Kind(IntEnum):
    """Control packet types (2.2.1)."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    DISCONNECT = 14


FLAGS = {Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}
"""What the low half of the first byte must be (2.2.2); 0 for the others but PUBLISH."""

LENGTHS = {Kind.PUBACK: 2, Kind.PINGREQ: 0, Kind.DISCONNECT: 0}
FROM_CLIENTS = frozenset(Kind) - {Kind.SUBACK, Kind.UNSUBACK}


class Packet(NamedTuple):
    """One whole packet: its type, the flags beside it, what follows the fixed header, and all its bytes."""

    kind: Kind
    flags: int
    body: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    """What a CONNECT packet says (3.1): `keep_alive` in s, 0 for none; `will` as topic and message."""

    level: int
    flags: int
    keep_alive: int
    user: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: tuple[str, bytes] | None = None


class Frames:
    """Cuts a stream of bytes into packets; holds at most one packet and one read more."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Take bytes from the socket."""
        self._buffer += received

    def next(self) -> Packet | None:
        """The next whole packet, None where more bytes are needed. An impossible or too long one raises at its head."""
        buffer = self._buffer
        if buffer and (buffer[0] >> 4) not in FROM_CLIENTS:
            raise Malformed(f"clients send no packet of type {buffer[0] >> 4} here")
        header = _header(buffer)
        if header is None:
            return None
        start, length = header
        if length > MAX_PACKET_BYTES:
            raise TooLarge(f"a packet of {length} bytes, {MAX_PACKET_BYTES} are allowed")
        if len(buffer) < start + length:
            return None
        raw = bytes(buffer[: start + length])
        del buffer[: start + length]
        return _checked(Packet(Kind(raw[0] >> 4), raw[0] & 0x0F, raw[start:], raw))


def connect(packet: Packet) -> Connect:
    """Read a CONNECT. Of a version that is not 3.1.1 only `level` is read."""
    body = packet.body
    protocol, at = _text(body, 0)
    if packet.kind is not Kind.CONNECT or protocol not in {"MQTT", "MQIsdp"} or len(body) < at + 4:
        raise Malformed("the first packet is not CONNECT")
    level, flags, keep_alive = body[at], body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
    if level != LEVEL:
        return Connect(level, flags, keep_alive)
    _, at = _text(body, at + 4)  # the client id: the user's name takes its place
    will = None
    if flags & _WILL:
        topic, at = _text(body, at)
        message, at = _bytes(body, at)
        will = (_plain(topic), message)
    user, at = _text(body, at) if flags & _USER else (None, at)
    password, at = _bytes(body, at) if flags & _PASSWORD else (None, at)
    if at != len(body) or flags & 1 or (flags >> 3) & 3 > (MAX_QOS if will else 0):
        raise Malformed("CONNECT does not add up")
    return Connect(level, flags, keep_alive, user, password, will)


def introduction(said: Connect, user: str) -> bytes:
    """The CONNECT that amqtt is told: the user's name as client id, a clean session, no keep-alive, no password."""
    flags = _USER | _CLEAN | (said.flags & (_WILL | 0x18 | _RETAIN) if said.will else 0)
    fields = [user.encode(), *((said.will[0].encode(), said.will[1]) if said.will else ()), user.encode()]
    body = b"\x00\x04MQTT" + bytes([LEVEL, flags, 0, 0]) + b"".join(len(f).to_bytes(2, "big") + f for f in fields)
    return bytes([Kind.CONNECT << 4]) + _length(len(body)) + body


def granted(packet: Packet) -> bytes:
    """A SUBSCRIBE with no filter's QoS over MAX_QOS (3.8.4 lets a server grant less)."""
    raw, at = bytearray(packet.raw), 2
    head = len(raw) - len(packet.body)
    while at < len(packet.body):
        _, at = _text(packet.body, at)
        raw[head + at] = min(raw[head + at], MAX_QOS)
        at += 1
    return bytes(raw)


def _checked(packet: Packet) -> Packet:
    kind, flags, body, _ = packet
    if kind is Kind.PUBLISH:
        _check_publish(flags, body)
        return packet
    if flags != FLAGS.get(kind, 0) or len(body) != LENGTHS.get(kind, len(body)):
        raise Malformed(f"{kind.name} does not add up")
    if kind in FLAGS:
        _check_filters(body, qos=kind is Kind.SUBSCRIBE)
    return packet


def _check_publish(flags: int, body: bytes) -> None:
    qos = (flags >> 1) & 3
    topic, at = _text(body, 0)
    if not _plain(topic) or qos > MAX_QOS or (qos == 0 and flags & 8):
        raise Malformed("PUBLISH with a topic or QoS that is not possible here")
    if qos and not int.from_bytes(body[at : at + 2], "big"):
        raise Malformed("PUBLISH without a packet identifier")


def _check_filters(body: bytes, *, qos: bool) -> None:
    at = 2
    while at < len(body):
        wanted, at = _text(body, at)
        if not wanted or (qos and (at >= len(body) or body[at] > 2)):
            raise Malformed("a subscription that is not possible")
        at += qos
    if len(body) <= 2 or not int.from_bytes(body[:2], "big"):
        raise Malformed("a subscription to nothing")


def _plain(topic: str) -> str:
    """A topic that can be published to: not empty, no wildcards, none of the broker's own."""
    if not topic or topic.startswith("$") or "+" in topic or "#" in topic:
        raise Malformed("not a topic to publish to")
    return topic


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A string (1.5.3) and where it ends."""
    piece, end = _bytes(body, at)
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None
    if "\0" in text:
        raise Malformed("a string holds a null character")
    return text, end


def _bytes(body: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    if at + 2 > len(body) or end > len(body):
        raise Malformed("a field is longer than its packet")
    return body[at + 2 : end], end


def _header(buffer: bytearray) -> tuple[int, int] | None:
    """Where the body starts and how long it is (2.2.3), None where the head is not all there."""
    length = 0
    for at in range(1, 5):
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << (7 * (at - 1))
        if buffer[at] < 0x80:
            return at + 1, length
    raise Malformed("a packet's length has more than four bytes")


def _length(length: int) -> bytes:
    """A length of up to two bytes, which is all that MAX_PACKET_BYTES needs."""
    return bytes([length]) if length < 0x80 else bytes([0x80 | length & 0x7F, length >> 7])
