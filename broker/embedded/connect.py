"""CONNECT: how a client of either version says who it is, and how amqtt is told. Bytes in, bytes out, no socket."""

from dataclasses import dataclass, field

from presslight.broker.embedded import fields, properties
from presslight.broker.embedded.packet import Kind, Packet
from presslight.broker.embedded.properties import Properties, Property
from presslight.broker.embedded.reason_codes import BadPacket, Reason
from presslight.broker.limits import MAX_QOS
from presslight.contract.errors import Malformed

MQTT_3_1_1 = 4
MQTT_5 = 5
_RESERVED, _CLEAN, _WILL, _RETAIN, _PASSWORD, _USER = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS = 0x18


@dataclass(frozen=True, slots=True)
class Connect:
    """What a CONNECT packet says (3.1): `keep_alive` in s, 0 for none; `will` as its topic and its message.

    A message begins with its properties, as everywhere in this broker (`presslight.broker.embedded.properties`).
    """

    level: int
    flags: int
    keep_alive: int
    user: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: tuple[str, bytes] | None = None
    client_id: str = ""
    properties: Properties = field(default_factory=dict)


def connect(packet: Packet) -> Connect:
    """Read a CONNECT. Of a version that is neither 3.1.1 nor 5 only `level` is read."""
    version, at = _head(packet)
    flags, keep_alive = packet.body[at], int.from_bytes(packet.body[at + 1 : at + 3], "big")
    if version not in {MQTT_3_1_1, MQTT_5}:
        return Connect(version, flags, keep_alive)
    found, at = _properties(packet.body, at + 3) if version == MQTT_5 else ({}, at + 3)
    client_id, at = fields.text(packet.body, at)  # the user's name takes its place
    will, at = _will(packet.body, at, version) if flags & _WILL else (None, at)
    user, at = fields.text(packet.body, at) if flags & _USER else (None, at)
    password, at = fields.binary(packet.body, at) if flags & _PASSWORD else (None, at)
    _check(flags, whole=at == len(packet.body))
    return Connect(version, flags, keep_alive, user, password, will, client_id, found)


def introduction(said: Connect, user: str) -> bytes:
    """The CONNECT that amqtt is told: the user's name as client id, a clean session, no keep-alive, no password."""
    flags = _USER | _CLEAN | (said.flags & (_WILL | _WILL_QOS | _RETAIN) if said.will else 0)
    told = [user.encode(), *((said.will[0].encode(), said.will[1]) if said.will else ()), user.encode()]
    head = b"\x00\x04MQTT" + bytes([MQTT_3_1_1, flags, 0, 0])
    return fields.write_packet(Kind.CONNECT << 4, head + b"".join(map(fields.write_binary, told)))


def _head(packet: Packet) -> tuple[int, int]:
    """The version, and where the flags are."""
    protocol, at = fields.text(packet.body, 0)
    if packet.kind is not Kind.CONNECT or protocol not in {"MQTT", "MQIsdp"} or len(packet.body) < at + 4:
        raise Malformed("the first packet is not CONNECT")
    return packet.body[at], at + 1


def _properties(body: bytes, at: int) -> tuple[Properties, int]:
    found, at = properties.read(body, at, properties.OF_CONNECT)
    if Property.AUTHENTICATION_METHOD in found:
        raise BadPacket(Reason.BAD_AUTHENTICATION_METHOD, "no authentication but by name and password")
    if Property.AUTHENTICATION_DATA in found:
        raise BadPacket(Reason.PROTOCOL_ERROR, "authentication data without a method")
    return found, at


def _will(body: bytes, at: int, version: int) -> tuple[tuple[str, bytes], int]:
    about, at = properties.of_message(body, at) if version == MQTT_5 else (properties.NONE, at)
    topic, at = fields.text(body, at)
    message, at = fields.binary(body, at)
    if not topic or topic.startswith("$") or "+" in topic or "#" in topic:
        raise BadPacket(Reason.TOPIC_NAME_INVALID, "not a topic for a will")
    return (topic, about + message), at


def _check(flags: int, *, whole: bool) -> None:
    qos, will = (flags & _WILL_QOS) >> 3, flags & _WILL
    if not whole or flags & _RESERVED or qos == 3 or (not will and flags & (_WILL_QOS | _RETAIN)):
        raise Malformed("CONNECT does not add up")
    if qos > MAX_QOS:
        raise BadPacket(Reason.QOS_NOT_SUPPORTED, "a will of QoS 2")
