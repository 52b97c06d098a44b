"""MQTT 5: what its clients may send, and its packets worded as inside the broker, and back. Bytes in, bytes out, pure.

Inside, a message begins with its properties, a subscription has its byte of options, and acknowledgements carry reason
codes: all as MQTT 5 writes them. So only what amqtt itself reads and writes, in 3.1.1, is worded anew here. Section
numbers are those of the OASIS standard "MQTT Version 5.0". Raises the contract's `Malformed`, mostly as `BadPacket`.
"""

from collections.abc import Callable, Sequence

from presslight.broker.embedded import fields, packet, properties
from presslight.broker.embedded.connect import Connect
from presslight.broker.embedded.mqtt3 import granted
from presslight.broker.embedded.packet import Kind, Packet
from presslight.broker.embedded.properties import Property
from presslight.broker.embedded.reason_codes import BadPacket, Reason
from presslight.broker.limits import MAX_PACKET_BYTES, MAX_QOS

NO_LOCAL, RETAIN_AS_PUBLISHED = 0x04, 0x08
SHARED = "$share/"
ACCEPTED_BY_AMQTT = b"\x20\x02\x00\x00"
_RESERVED_OPTIONS, _RETAIN_HANDLING = 0xC0, 4


class Mqtt5:
    """How a client of MQTT 5 is spoken to: `said` is its CONNECT, `may_publish` judges topic and payload."""

    def __init__(self, said: Connect, may_publish: Callable[[str, bytes], bool]) -> None:
        self.window: int | None = said.properties.get(Property.RECEIVE_MAXIMUM)
        self.max_packet_bytes: int | None = said.properties.get(Property.MAXIMUM_PACKET_SIZE)
        self._said = said
        self._may_publish = may_publish
        self._refused: set[int] = set()
        self._identifiers: dict[int, int] = {}

    def check(self, sent: Packet) -> None:
        """Raise Malformed, or BadPacket with a reason code of its own, where a packet does not add up."""
        match sent.kind:
            case Kind.PUBLISH:
                _check_publish(sent)
            case Kind.PUBACK:
                _check_acknowledgement(sent.body)
            case Kind.SUBSCRIBE | Kind.UNSUBSCRIBE:
                _check_subscription(sent)
            case Kind.DISCONNECT:
                self._check_goodbye(sent.body)
            case Kind.PINGREQ if sent.body:
                raise BadPacket(Reason.MALFORMED_PACKET, "PINGREQ with a body")

    def inward(self, sent: Packet) -> bytes:
        """A checked packet of the client's as amqtt reads it."""
        match sent.kind:
            case Kind.PUBLISH:
                self._remember(sent)
            case Kind.PUBACK:
                return fields.write_packet(sent.raw[0], sent.body[:2])
            case Kind.SUBSCRIBE:
                self._remember_identifier(sent)
                return granted(sent.body, _filters_at(sent))
            case Kind.UNSUBSCRIBE:
                return fields.write_packet(sent.raw[0], sent.body[:2] + sent.body[_filters_at(sent) :])
        return sent.raw

    def outward(self, told: bytes) -> bytes:
        """A packet from inside as the client reads it."""
        kind = told[0] >> 4
        if kind == Kind.CONNACK:
            return self._welcome() if told == ACCEPTED_BY_AMQTT else self.refusal(Reason.NOT_AUTHORIZED)
        if kind == Kind.PUBACK and (number := int.from_bytes(told[2:4], "big")) in self._refused:
            self._refused.remove(number)
            return fields.write_packet(told[0], told[2:4] + bytes([Reason.NOT_AUTHORIZED]))
        return told

    def identifier_of(self, number: int) -> int:
        """The identifier that packet `number` gave its subscriptions; 0: none. It is told once."""
        return self._identifiers.pop(number, 0)

    def keeps_will(self, goodbye: Packet) -> bool:
        """Whether the client wants its will published though it says goodbye: any reason but 0 (3.14.4)."""
        return goodbye.body[:1] not in {b"", b"\x00"}

    def refusal(self, reason: Reason) -> bytes:
        """The CONNACK that lets nobody in."""
        return refusal(reason)

    def goodbye(self, reason: Reason) -> bytes:
        """The DISCONNECT that tells the client why."""
        return fields.write_packet(Kind.DISCONNECT << 4, bytes([reason]))

    def _welcome(self) -> bytes:
        """CONNACK with what this broker can do; sessions end with their connection, so Session Expiry is 0."""
        said = b"\x24" + bytes([MAX_QOS])  # Maximum QoS
        said += b"\x27" + (MAX_PACKET_BYTES + 1).to_bytes(4, "big")  # Maximum Packet Size, as Mosquitto states it
        said += b"\x2a\x00"  # no Shared Subscriptions
        if self._said.properties.get(Property.SESSION_EXPIRY):
            said += b"\x11" + bytes(4)
        if not self._said.client_id:
            said += b"\x12" + fields.write_binary((self._said.user or "").encode())  # Assigned Client Identifier
        return fields.write_packet(Kind.CONNACK << 4, b"\x00\x00" + fields.write_length(len(said)) + said)

    def _remember(self, sent: Packet) -> None:
        """Amqtt acknowledges what it then refuses: keep the number of each such message until then."""
        topic, at = fields.text(sent.body, 0)
        if sent.flags & 6 and not self._may_publish(topic, properties.payload(sent.body[at + 2 :])):
            self._refused.add(int.from_bytes(sent.body[at : at + 2], "big"))

    def _remember_identifier(self, sent: Packet) -> None:
        """Amqtt does not read it: keep it until it has read the filters."""
        found, _ = properties.read(sent.body, 2, properties.OF_SUBSCRIBE)
        if identifier := found.get(Property.SUBSCRIPTION_IDENTIFIER):
            self._identifiers[int.from_bytes(sent.body[:2], "big")] = identifier

    def _check_goodbye(self, body: bytes) -> None:
        found, end = properties.read(body, 1, properties.OF_DISCONNECT) if len(body) > 1 else ({}, len(body))
        if end != len(body):
            raise BadPacket(Reason.MALFORMED_PACKET, "DISCONNECT does not add up")
        if found.get(Property.SESSION_EXPIRY) and not self._said.properties.get(Property.SESSION_EXPIRY):
            raise BadPacket(Reason.PROTOCOL_ERROR, "a session that was not to last now shall")


def refusal(reason: Reason) -> bytes:
    """A CONNACK that lets nobody in, also for later versions of MQTT."""
    return bytes([Kind.CONNACK << 4, 3, 0, reason, 0])


def acknowledgement(kind: Kind, number: int, codes: Sequence[int]) -> bytes:
    """The SUBACK or UNSUBACK of packet `number`."""
    return fields.write_packet(kind << 4, number.to_bytes(2, "big") + properties.NONE + bytes(codes))


def wants_retained(options: int, *, new: bool) -> bool:
    """Whether a subscription is answered with what is retained (3.8.3.1, Retain Handling)."""
    handling = options >> _RETAIN_HANDLING
    return handling == 0 or (handling == 1 and new)


def hears(options: int, user: str, sender: str) -> bool:
    """Whether a subscription of `user` hears what `sender` publishes (3.8.3.1, No Local)."""
    return not (options & NO_LOCAL and user == sender)


def is_filter(wanted: str) -> bool:
    """Whether this is a topic filter (4.7.1): wildcards are whole levels, `#` the last."""
    levels = wanted.split("/")
    return not any(len(level) > 1 and set(level) & {"+", "#"} for level in levels) and "#" not in levels[:-1]


def why_not(wanted: str) -> Reason:
    """The reason code for a filter that nobody may subscribe to."""
    if wanted.startswith(SHARED):
        return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    return Reason.NOT_AUTHORIZED if is_filter(wanted) else Reason.TOPIC_FILTER_INVALID


def _check_publish(sent: Packet) -> None:
    qos = (sent.flags >> 1) & 3
    if qos == 3 or (qos == 0 and sent.flags & 8):
        raise BadPacket(Reason.MALFORMED_PACKET, "PUBLISH with a QoS that does not exist")
    if qos > MAX_QOS:
        raise BadPacket(Reason.QOS_NOT_SUPPORTED, f"PUBLISH of QoS {qos}")
    topic, at = fields.text(sent.body, 0)
    if qos:
        at = _number_at(sent.body, at)
    found, _ = properties.read(sent.body, at, properties.OF_PUBLISH)
    _check_topic(topic, found)


def _check_topic(topic: str, found: properties.Properties) -> None:
    if Property.TOPIC_ALIAS in found:
        raise BadPacket(Reason.TOPIC_ALIAS_INVALID, "a topic alias, of which none is allowed")
    if not topic or Property.SUBSCRIPTION_IDENTIFIER in found:
        raise BadPacket(Reason.PROTOCOL_ERROR, "PUBLISH without a topic, or with a subscription's identifier")
    if "+" in topic or "#" in topic:
        raise BadPacket(Reason.TOPIC_NAME_INVALID, "a wildcard in a topic to publish to")


def _check_acknowledgement(body: bytes) -> None:
    at = _number_at(body, 0)
    end = properties.read(body, at + 1, properties.OF_PUBACK)[1] if len(body) > at + 1 else len(body)
    if end != len(body):
        raise BadPacket(Reason.MALFORMED_PACKET, "PUBACK does not add up")


def _check_subscription(sent: Packet) -> None:
    subscribe = sent.kind is Kind.SUBSCRIBE
    allowed = properties.OF_SUBSCRIBE if subscribe else properties.OF_UNSUBSCRIBE
    _, at = properties.read(sent.body, _number_at(sent.body, 0), allowed)
    for wanted, options in packet.filters(sent.body, at, options=int(subscribe)):
        _check_options(wanted, options)


def _check_options(wanted: str, options: int) -> None:
    if options & _RESERVED_OPTIONS:
        raise BadPacket(Reason.MALFORMED_PACKET, "a subscription with options that do not exist")
    if options & 3 == 3 or options >> _RETAIN_HANDLING == 3 or (options & NO_LOCAL and wanted.startswith(SHARED)):
        raise BadPacket(Reason.PROTOCOL_ERROR, "a subscription with options that are not possible")


def _number_at(body: bytes, at: int) -> int:
    """Where a packet identifier ends, which is never 0 (2.2.1)."""
    number, end = fields.number(body, at, 2)
    if not number:
        raise BadPacket(Reason.PROTOCOL_ERROR, "a packet identifier of 0")
    return end


def _filters_at(sent: Packet) -> int:
    """Where the filters of a checked SUBSCRIBE or UNSUBSCRIBE start."""
    return properties.read(sent.body, 2, properties.OF_SUBSCRIBE)[1]
