"""Codec of MQTT 3.1.1: checks packets of clients, translates them for amqtt, and amqtt's packets back. Pure.

Inside the broker a message begins with its properties and acknowledgements carry reason codes, as in MQTT 5. Section
numbers are those of the OASIS standard "MQTT Version 3.1.1". Raises the contract's `Malformed`.
"""

from presslight.broker.embedded import fields, packet, properties
from presslight.broker.embedded.packet import Packet, PacketType
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.broker.limits import MAX_QOS
from presslight.contract.errors import Malformed

FAILURE = 0x80
"""SUBACK's only return code for a refused filter (3.9.3)."""

_LENGTHS = {PacketType.PUBACK: 2, PacketType.PINGREQ: 0, PacketType.DISCONNECT: 0}
_NOT_AUTHORISED = 5
_RETURN_CODES = {ReasonCode.UNSUPPORTED_VERSION: 1, ReasonCode.QUOTA_EXCEEDED: 3}
"""CONNACK's other return codes: unacceptable version, server unavailable (3.2.2.3)."""


class Mqtt3Codec:
    """Packets of one client of MQTT 3.1.1, to amqtt and back; without a state."""

    receive_maximum: int | None = None
    """The most unacknowledged messages, which only MQTT 5 can state (3.1.2.11.3)."""

    max_packet_bytes: int | None = None
    """The largest packet for the client, in bytes, which only MQTT 5 can state (3.1.2.11.4)."""

    def check_packet(self, sent: Packet) -> None:
        """Raise Malformed for a packet that the standard or this broker's bounds forbid."""
        if sent.kind is PacketType.PUBLISH:
            _check_publish(sent)
        elif len(sent.body) != _LENGTHS.get(sent.kind, len(sent.body)):
            raise Malformed(f"{sent.kind.name} is malformed")
        elif sent.kind in {PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE}:
            found = packet.topic_filters(sent.body, 2, options=int(sent.kind is PacketType.SUBSCRIBE))
            if any(qos > 2 for _, qos in found):
                raise Malformed("a malformed subscription")

    def to_amqtt(self, sent: Packet) -> bytes:
        """A checked packet of the client, as amqtt reads it."""
        if sent.kind is PacketType.PUBLISH:
            at = _message_at(sent.body, 0, sent.flags)
            return fields.write_packet(sent.raw[0], sent.body[:at] + properties.NONE + sent.body[at:])
        return capped_qos(sent.body, 2) if sent.kind is PacketType.SUBSCRIBE else sent.raw

    def to_client(self, encoded: bytes) -> bytes:
        """A packet of amqtt, as the client reads it."""
        kind, start = encoded[0] >> 4, 2 if encoded[1] < 0x80 else 3
        if kind == PacketType.PUBLISH:
            return _without_properties(encoded, start)
        number, codes = encoded[start : start + 2], encoded[start + 3 :]
        if kind == PacketType.SUBACK:
            return fields.write_packet(encoded[0], number + bytes(min(code, FAILURE) for code in codes))
        return fields.write_packet(encoded[0], number) if kind == PacketType.UNSUBACK else encoded

    def pop_subscription_identifier(self, packet_id: int) -> int:  # noqa: ARG002 -- the same for both versions
        """0: only MQTT 5 has Subscription Identifiers."""
        return 0

    def wants_will(self, disconnect: Packet) -> bool:  # noqa: ARG002 -- the same for both versions
        """False: a DISCONNECT always deletes the will (3.14.4)."""
        return False

    def refusing_connack(self, reason: ReasonCode) -> bytes:
        """The CONNACK that refuses a connection, with the return code for `reason` (3.2.2.3)."""
        return bytes([0x20, 2, 0, _RETURN_CODES.get(reason, _NOT_AUTHORISED)])

    def disconnect_packet(self, reason: ReasonCode) -> bytes:  # noqa: ARG002 -- the same for both versions
        """Empty: only clients send DISCONNECT in this version (3.14)."""
        return b""


def capped_qos(body: bytes, at: int) -> bytes:
    """A SUBSCRIBE with the filters of `body` from `at` on, each QoS at most MAX_QOS (3.8.4 permits that)."""
    wanted = packet.topic_filters(body, at, options=1)
    asked = (fields.write_binary(topic.encode()) + bytes([_cap_qos(options)]) for topic, options in wanted)
    return fields.write_packet(PacketType.SUBSCRIBE << 4 | 2, body[:2] + b"".join(asked))


def _cap_qos(options: int) -> int:
    return options & ~3 | min(options & 3, MAX_QOS)


def _message_at(body: bytes, start: int, flags: int) -> int:
    """The offset of a PUBLISH's message, whose topic starts at `start`."""
    return start + 2 + int.from_bytes(body[start : start + 2], "big") + (2 if flags & 6 else 0)


def _without_properties(encoded: bytes, start: int) -> bytes:
    at = _message_at(encoded, start, encoded[0])
    return fields.write_packet(encoded[0], encoded[start:at] + properties.payload_of(encoded[at:]))


def _check_publish(sent: Packet) -> None:
    qos = (sent.flags >> 1) & 3
    topic, at = fields.text(sent.body, 0)
    if not topic or topic.startswith("$") or "+" in topic or "#" in topic:
        raise Malformed("not a topic to publish to")
    if qos > MAX_QOS or (qos == 0 and sent.flags & 8):
        raise Malformed("PUBLISH with a QoS that this broker does not support")
    if qos and not int.from_bytes(sent.body[at : at + 2], "big"):
        raise Malformed("PUBLISH without a packet identifier")
