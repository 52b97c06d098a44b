"""MQTT control packets of clients, decoded from a stream of bytes before amqtt reads any. No socket.

The codec of the protocol version checks a packet's content: `mqtt3` and `mqtt5`. Raises `Malformed` and `TooLarge`.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from presslight.broker.embedded import fields
from presslight.broker.embedded.reason_codes import BadPacket, ReasonCode
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.contract.errors import Malformed, TooLarge

DISCONNECT_BYTES = b"\xe0\x00"


class PacketType(IntEnum):
    """Control packet types (2.1.2)."""

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


FLAGS = {PacketType.SUBSCRIBE: 2, PacketType.UNSUBSCRIBE: 2}
"""The required flags, the low four bits of the first byte (2.1.3); 0 for other types except PUBLISH."""

CLIENT_PACKETS = frozenset(PacketType) - {PacketType.CONNACK, PacketType.SUBACK, PacketType.UNSUBACK}


class Packet(NamedTuple):
    """One whole packet: its type, its flags, the bytes behind the fixed header, and all its bytes (2.1)."""

    kind: PacketType
    flags: int
    body: bytes
    raw: bytes


Check = Callable[[Packet], None]


def no_check(_: Packet) -> None:
    """Accept any packet, as the first one, whose version is not known yet."""


class PacketDecoder:
    """Decodes a stream of bytes into checked packets; buffers at most one packet and one more read."""

    def __init__(self, check: Check = no_check) -> None:
        self.check = check
        self._buffer = bytearray()

    def feed(self, received: bytes) -> None:
        """Append bytes from the socket."""
        self._buffer += received

    def next_packet(self) -> Packet | None:
        """The next whole packet; None where more bytes are needed. Raises Malformed, TooLarge at its fixed header."""
        buffer = self._buffer
        if buffer and (buffer[0] >> 4) not in CLIENT_PACKETS:
            raise BadPacket(ReasonCode.PROTOCOL_ERROR, f"clients send no packet of type {buffer[0] >> 4} here")
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
        return self._checked(Packet(PacketType(raw[0] >> 4), raw[0] & 0x0F, raw[start:], raw))

    def _checked(self, packet: Packet) -> Packet:
        if packet.kind is not PacketType.PUBLISH and packet.flags != FLAGS.get(packet.kind, 0):
            raise Malformed(f"{packet.kind.name} is malformed")
        self.check(packet)
        return packet


def publish_size(topic: str, data: bytes, qos: int) -> int:
    """The size in bytes of a PUBLISH whose properties and payload are `data`."""
    rest = 2 + len(topic.encode()) + (2 if qos else 0) + len(data)
    return 1 + len(fields.write_length(rest)) + rest


def topic_filters(body: bytes, at: int, options: int) -> list[tuple[str, int]]:
    """The topic filters from `at` on, each with its byte of options, or 0 where `options`, its size, is 0."""
    found = []
    while at < len(body):
        wanted, at = fields.text(body, at)
        chosen, at = fields.number(body, at, options)
        if not wanted:
            raise Malformed("a malformed subscription")
        found.append((wanted, chosen))
    if not found or not int.from_bytes(body[:2], "big"):
        raise Malformed("a subscription without a filter")
    return found
