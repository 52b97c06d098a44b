"""Codec of MQTT 5: checks packets of clients, translates them for amqtt, and amqtt's packets back. Pure.

Inside the broker a message begins with its properties, a subscription has its byte of options, and acknowledgements
carry reason codes, all in MQTT 5's format. Only what amqtt itself reads and writes, in 3.1.1, is translated. Section
numbers are those of the OASIS standard "MQTT Version 5.0". Raises the contract's `Malformed`, mostly as `BadPacket`.
"""

from collections.abc import Callable, Sequence

from presslight.broker.embedded import fields, packet, properties
from presslight.broker.embedded.connect import Connect
from presslight.broker.embedded.mqtt3 import capped_qos
from presslight.broker.embedded.packet import Packet, PacketType
from presslight.broker.embedded.properties import Property
from presslight.broker.embedded.reason_codes import BadPacket, ReasonCode
from presslight.broker.limits import MAX_PACKET_BYTES, MAX_QOS

NO_LOCAL, RETAIN_AS_PUBLISHED = 0x04, 0x08
SHARED = "$share/"
ACCEPTED_BY_AMQTT = b"\x20\x02\x00\x00"
_RESERVED_OPTIONS, _RETAIN_HANDLING = 0xC0, 4


class Mqtt5Codec:
    """Packets of one client of MQTT 5, to amqtt and back.

    `connect`: its CONNECT. `may_publish`: whether it may publish a payload to a topic. `receive_maximum`
    (3.1.2.11.3) and `max_packet_bytes` (3.1.2.11.4): the bounds that it stated, None where it stated none.
    """

    def __init__(self, connect: Connect, may_publish: Callable[[str, bytes], bool]) -> None:
        self.receive_maximum: int | None = connect.properties.get(Property.RECEIVE_MAXIMUM)
        self.max_packet_bytes: int | None = connect.properties.get(Property.MAXIMUM_PACKET_SIZE)
        self._connect = connect
        self._may_publish = may_publish
        self._refused: set[int] = set()
        self._identifiers: dict[int, int] = {}

    def check_packet(self, sent: Packet) -> None:
        """Raise Malformed or BadPacket for a packet that the standard or this broker's bounds forbid."""
        match sent.kind:
            case PacketType.PUBLISH:
                _check_publish(sent)
            case PacketType.PUBACK:
                _check_acknowledgement(sent.body)
            case PacketType.SUBSCRIBE | PacketType.UNSUBSCRIBE:
                _check_subscription(sent)
            case PacketType.DISCONNECT:
                self._check_disconnect(sent.body)
            case PacketType.PINGREQ if sent.body:
                raise BadPacket(ReasonCode.MALFORMED_PACKET, "PINGREQ with a body")

    def to_amqtt(self, sent: Packet) -> bytes:
        """A checked packet of the client, as amqtt reads it."""
        match sent.kind:
            case PacketType.PUBLISH:
                self._note_refused_publish(sent)
            case PacketType.PUBACK:
                return fields.write_packet(sent.raw[0], sent.body[:2])
            case PacketType.SUBSCRIBE:
                self._remember_identifier(sent)
                return capped_qos(sent.body, _start_of_filters(sent))
            case PacketType.UNSUBSCRIBE:
                return fields.write_packet(sent.raw[0], sent.body[:2] + sent.body[_start_of_filters(sent) :])
        return sent.raw

    def to_client(self, encoded: bytes) -> bytes:
        """A packet of amqtt, as the client reads it."""
        kind = encoded[0] >> 4
        if kind == PacketType.CONNACK:
            return self._connack() if encoded == ACCEPTED_BY_AMQTT else self.refusing_connack(ReasonCode.NOT_AUTHORIZED)
        if kind == PacketType.PUBACK and (number := int.from_bytes(encoded[2:4], "big")) in self._refused:
            self._refused.remove(number)
            return fields.write_packet(encoded[0], encoded[2:4] + bytes([ReasonCode.NOT_AUTHORIZED]))
        return encoded

    def pop_subscription_identifier(self, packet_id: int) -> int:
        """The Subscription Identifier of the SUBSCRIBE `packet_id` (3.8.2.1.2), 0 for none; given once."""
        return self._identifiers.pop(packet_id, 0)

    def wants_will(self, disconnect: Packet) -> bool:
        """Whether the will is published after this DISCONNECT: with any reason code but 0 (3.14.4)."""
        return disconnect.body[:1] not in {b"", b"\x00"}

    def refusing_connack(self, reason: ReasonCode) -> bytes:
        """The CONNACK that lets nobody in."""
        return refusing_connack(reason)

    def disconnect_packet(self, reason: ReasonCode) -> bytes:
        """A DISCONNECT with a reason code (3.14)."""
        return fields.write_packet(PacketType.DISCONNECT << 4, bytes([reason]))

    def _connack(self) -> bytes:
        """CONNACK with this broker's capabilities (3.2.2.3); Session Expiry is 0, as sessions end with connections."""
        found = b"\x24" + bytes([MAX_QOS])  # Maximum QoS
        found += b"\x27" + (MAX_PACKET_BYTES + 1).to_bytes(4, "big")  # Maximum Packet Size, as Mosquitto states it
        found += b"\x2a\x00"  # no Shared Subscriptions
        if self._connect.properties.get(Property.SESSION_EXPIRY):
            found += b"\x11" + bytes(4)
        if not self._connect.client_id:
            found += b"\x12" + fields.write_binary((self._connect.user or "").encode())  # Assigned Client Identifier
        return fields.write_packet(PacketType.CONNACK << 4, b"\x00\x00" + fields.write_length(len(found)) + found)

    def _note_refused_publish(self, sent: Packet) -> None:
        """Keep the packet identifier of a refused PUBLISH: amqtt acknowledges it; `to_client` corrects the PUBACK."""
        topic, at = fields.text(sent.body, 0)
        if sent.flags & 6 and not self._may_publish(topic, properties.payload_of(sent.body[at + 2 :])):
            self._refused.add(int.from_bytes(sent.body[at : at + 2], "big"))

    def _remember_identifier(self, sent: Packet) -> None:
        """Keep the Subscription Identifier, which amqtt does not read, until amqtt has read the filters."""
        found, _ = properties.read(sent.body, 2, properties.OF_SUBSCRIBE)
        if identifier := found.get(Property.SUBSCRIPTION_IDENTIFIER):
            self._identifiers[int.from_bytes(sent.body[:2], "big")] = identifier

    def _check_disconnect(self, body: bytes) -> None:
        found, end = properties.read(body, 1, properties.OF_DISCONNECT) if len(body) > 1 else ({}, len(body))
        if end != len(body):
            raise BadPacket(ReasonCode.MALFORMED_PACKET, "DISCONNECT is malformed")
        if found.get(Property.SESSION_EXPIRY) and not self._connect.properties.get(Property.SESSION_EXPIRY):
            raise BadPacket(ReasonCode.PROTOCOL_ERROR, "a Session Expiry in DISCONNECT after none in CONNECT")


def refusing_connack(reason: ReasonCode) -> bytes:
    """A CONNACK that refuses a connection, also for later versions of MQTT (3.2.2.2)."""
    return bytes([PacketType.CONNACK << 4, 3, 0, reason, 0])


def subscription_ack(kind: PacketType, packet_id: int, codes: Sequence[int]) -> bytes:
    """The SUBACK or UNSUBACK of the packet `packet_id`, with a reason code for each filter (3.9, 3.11)."""
    return fields.write_packet(kind << 4, packet_id.to_bytes(2, "big") + properties.NONE + bytes(codes))


def sends_retained(options: int, *, new: bool) -> bool:
    """Whether the retained messages are sent at a subscription with these options (3.8.3.1, Retain Handling)."""
    handling = options >> _RETAIN_HANDLING
    return handling == 0 or (handling == 1 and new)


def passes_no_local(options: int, subscriber: str, publisher: str) -> bool:
    """Whether a message of `publisher` is delivered to `subscriber` (3.8.3.1, No Local)."""
    return not (options & NO_LOCAL and subscriber == publisher)


def is_topic_filter(wanted: str) -> bool:
    """Whether the text is a topic filter (4.7.1): wildcards are whole levels, `#` the last."""
    levels = wanted.split("/")
    return not any(len(level) > 1 and set(level) & {"+", "#"} for level in levels) and "#" not in levels[:-1]


def filter_error(wanted: str) -> ReasonCode:
    """The reason code for a filter that is refused (3.9.3)."""
    if wanted.startswith(SHARED):
        return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    return ReasonCode.NOT_AUTHORIZED if is_topic_filter(wanted) else ReasonCode.TOPIC_FILTER_INVALID


def _check_publish(sent: Packet) -> None:
    qos = (sent.flags >> 1) & 3
    if qos == 3 or (qos == 0 and sent.flags & 8):
        raise BadPacket(ReasonCode.MALFORMED_PACKET, "PUBLISH with a QoS that does not exist")
    if qos > MAX_QOS:
        raise BadPacket(ReasonCode.QOS_NOT_SUPPORTED, f"PUBLISH of QoS {qos}")
    topic, at = fields.text(sent.body, 0)
    if qos:
        at = _end_of_packet_id(sent.body, at)
    found, _ = properties.read(sent.body, at, properties.OF_PUBLISH)
    _check_topic(topic, found)


def _check_topic(topic: str, found: properties.Properties) -> None:
    if Property.TOPIC_ALIAS in found:
        raise BadPacket(ReasonCode.TOPIC_ALIAS_INVALID, "a topic alias, and none is allowed")
    if not topic or Property.SUBSCRIPTION_IDENTIFIER in found:
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, "PUBLISH without a topic, or with a subscription's identifier")
    if "+" in topic or "#" in topic:
        raise BadPacket(ReasonCode.TOPIC_NAME_INVALID, "a wildcard in a topic to publish to")


def _check_acknowledgement(body: bytes) -> None:
    at = _end_of_packet_id(body, 0)
    end = properties.read(body, at + 1, properties.OF_PUBACK)[1] if len(body) > at + 1 else len(body)
    if end != len(body):
        raise BadPacket(ReasonCode.MALFORMED_PACKET, "PUBACK is malformed")


def _check_subscription(sent: Packet) -> None:
    subscribe = sent.kind is PacketType.SUBSCRIBE
    allowed = properties.OF_SUBSCRIBE if subscribe else properties.OF_UNSUBSCRIBE
    _, at = properties.read(sent.body, _end_of_packet_id(sent.body, 0), allowed)
    for wanted, options in packet.topic_filters(sent.body, at, options=int(subscribe)):
        _check_options(wanted, options)


def _check_options(wanted: str, options: int) -> None:
    if options & _RESERVED_OPTIONS:
        raise BadPacket(ReasonCode.MALFORMED_PACKET, "a subscription with reserved options")
    if options & 3 == 3 or options >> _RETAIN_HANDLING == 3 or (options & NO_LOCAL and wanted.startswith(SHARED)):
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, "a subscription with invalid options")


def _end_of_packet_id(body: bytes, at: int) -> int:
    """The offset behind a packet identifier, which is never 0 (2.2.1)."""
    number, end = fields.number(body, at, 2)
    if not number:
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, "a packet identifier of 0")
    return end


def _start_of_filters(sent: Packet) -> int:
    """The offset of the filters of a checked SUBSCRIBE or UNSUBSCRIBE."""
    return properties.read(sent.body, 2, properties.OF_SUBSCRIBE)[1]
