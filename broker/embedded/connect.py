"""The CONNECT packet of MQTT 3.1.1 and 5 (3.1): parsed, and rewritten for amqtt. Bytes in, bytes out, no socket."""

from dataclasses import dataclass, field

from presslight.broker.embedded import fields, properties
from presslight.broker.embedded.packet import Packet, PacketType
from presslight.broker.embedded.properties import Properties, Property
from presslight.broker.embedded.reason_codes import BadPacket, ReasonCode
from presslight.broker.limits import MAX_QOS
from presslight.contract.errors import Malformed

MQTT_3_1_1 = 4
MQTT_5 = 5
_RESERVED, _CLEAN, _WILL, _RETAIN, _PASSWORD, _USER = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS = 0x18


@dataclass(frozen=True, slots=True)
class Connect:
    """A parsed CONNECT packet (3.1).

    `level`: the protocol version, 4 (3.1.1) or 5. `flags`: the Connect Flags byte. `keep_alive`: in s, 0 for none.
    `will`: topic and message; a message begins with its properties, as everywhere in this broker
    (`presslight.broker.embedded.properties`). `properties`: those of MQTT 5, empty for 3.1.1.
    """

    level: int
    flags: int
    keep_alive: int
    user: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: tuple[str, bytes] | None = None
    client_id: str = ""
    properties: Properties = field(default_factory=dict)


def parse_connect(packet: Packet) -> Connect:
    """Parse a CONNECT packet. Raises Malformed, BadPacket. Of a version other than 3.1.1 and 5 only `level` is read."""
    version, at = _parse_head(packet)
    flags, keep_alive = packet.body[at], int.from_bytes(packet.body[at + 1 : at + 3], "big")
    if version not in {MQTT_3_1_1, MQTT_5}:
        return Connect(version, flags, keep_alive)
    found, at = _parse_properties(packet.body, at + 3) if version == MQTT_5 else ({}, at + 3)
    client_id, at = fields.text(packet.body, at)  # replaced by the user's name
    will, at = _parse_will(packet.body, at, version) if flags & _WILL else (None, at)
    user, at = fields.text(packet.body, at) if flags & _USER else (None, at)
    password, at = fields.binary(packet.body, at) if flags & _PASSWORD else (None, at)
    _check_flags(flags, is_whole=at == len(packet.body))
    return Connect(version, flags, keep_alive, user, password, will, client_id, found)


def rewritten_connect(connect: Connect, user: str) -> bytes:
    """The CONNECT for amqtt, in 3.1.1: the user's name as client id, a clean session, no keep-alive, no password."""
    flags = _USER | _CLEAN | (connect.flags & (_WILL | _WILL_QOS | _RETAIN) if connect.will else 0)
    will = (connect.will[0].encode(), connect.will[1]) if connect.will else ()
    payload = [user.encode(), *will, user.encode()]
    head = b"\x00\x04MQTT" + bytes([MQTT_3_1_1, flags, 0, 0])
    return fields.write_packet(PacketType.CONNECT << 4, head + b"".join(map(fields.write_binary, payload)))


def _parse_head(packet: Packet) -> tuple[int, int]:
    """The protocol version, and the offset of the flags."""
    protocol, at = fields.text(packet.body, 0)
    if packet.kind is not PacketType.CONNECT or protocol not in {"MQTT", "MQIsdp"} or len(packet.body) < at + 4:
        raise Malformed("the first packet is not CONNECT")
    return packet.body[at], at + 1


def _parse_properties(body: bytes, at: int) -> tuple[Properties, int]:
    found, at = properties.read(body, at, properties.OF_CONNECT)
    if Property.AUTHENTICATION_METHOD in found:
        raise BadPacket(ReasonCode.BAD_AUTHENTICATION_METHOD, "no authentication but by name and password")
    if Property.AUTHENTICATION_DATA in found:
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, "authentication data without a method")
    return found, at


def _parse_will(body: bytes, at: int, version: int) -> tuple[tuple[str, bytes], int]:
    head, at = properties.read_will_properties(body, at) if version == MQTT_5 else (properties.NONE, at)
    topic, at = fields.text(body, at)
    message, at = fields.binary(body, at)
    if not topic or topic.startswith("$") or "+" in topic or "#" in topic:
        raise BadPacket(ReasonCode.TOPIC_NAME_INVALID, "not a topic for a will")
    return (topic, head + message), at


def _check_flags(flags: int, *, is_whole: bool) -> None:
    qos, will = (flags & _WILL_QOS) >> 3, flags & _WILL
    if not is_whole or flags & _RESERVED or qos == 3 or (not will and flags & (_WILL_QOS | _RETAIN)):
        raise Malformed("CONNECT is malformed")
    if qos > MAX_QOS:
        raise BadPacket(ReasonCode.QOS_NOT_SUPPORTED, "a will of QoS 2")
