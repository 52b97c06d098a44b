"""The packets of MQTT that clients send, cut from a stream, before amqtt sees any. Bytes in, packets out, no socket.

What a packet may say depends on its version: `mqtt3` and `mqtt5` beside this module. Raises `Malformed` and `TooLarge`.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from presslight.broker.embedded import fields
from presslight.broker.embedded.reason_codes import BadPacket, Reason
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.contract.errors import Malformed, TooLarge

DISCONNECT_BYTES = b"\xe0\x00"


class Kind(IntEnum):
    """Control packet types (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
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

FROM_CLIENTS = frozenset(Kind) - {Kind.CONNACK, Kind.SUBACK, Kind.UNSUBACK}


class Packet(NamedTuple):
    """One whole packet: its type, the flags beside it, what follows the fixed header, and all its bytes."""

    kind: Kind
    flags: int
    body: bytes
    raw: bytes


Check = Callable[[Packet], None]


def no_check(_: Packet) -> None:
    """Anything goes, as for the first packet, whose version is not known yet."""


class Frames:
    """Cuts a stream of bytes into packets and has each checked; holds at most one packet and one read more."""

    def __init__(self, check: Check = no_check) -> None:
        self.check = check
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Take bytes from the socket."""
        self._buffer += received

    def next(self) -> Packet | None:
        """The next whole packet, None where more bytes are needed. An impossible or too long one raises at its head."""
        buffer = self._buffer
        if buffer and (buffer[0] >> 4) not in FROM_CLIENTS:
            raise BadPacket(Reason.PROTOCOL_ERROR, f"clients send no packet of type {buffer[0] >> 4} here")
        header = fields.length(buffer, 1)
        if header is None:
            return None
        length, start = header
        if length > MAX_PACKET_BYTES:
            raise TooLarge(f"a packet of {length} bytes, {MAX_PACKET_BYTES} are allowed")
        if len(buffer) < start + length:
            return None
        raw = bytes(buffer[: start + length])
        del buffer[: start + length]
        return self._checked(Packet(Kind(raw[0] >> 4), raw[0] & 0x0F, raw[start:], raw))

    def _checked(self, packet: Packet) -> Packet:
        if packet.kind is not Kind.PUBLISH and packet.flags != FLAGS.get(packet.kind, 0):
            raise Malformed(f"{packet.kind.name} does not add up")
        self.check(packet)
        return packet


def publish_bytes(topic: str, data: bytes, qos: int) -> int:
    """The whole size of a PUBLISH whose properties and payload are `data`."""
    rest = 2 + len(topic.encode()) + (2 if qos else 0) + len(data)
    return 1 + len(fields.write_length(rest)) + rest


def filters(body: bytes, at: int, options: int) -> list[tuple[str, int]]:
    """The filters from `at` on, each with its byte of options where there is one (`options` 1; else 0)."""
    found = []
    while at < len(body):
        wanted, at = fields.text(body, at)
        chosen, at = fields.number(body, at, options)
        if not wanted:
            raise Malformed("a subscription that is not possible")
        found.append((wanted, chosen))
    if not found or not int.from_bytes(body[:2], "big"):
        raise Malformed("a subscription to nothing")
    return found
