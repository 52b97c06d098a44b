"""MQTT 3.1.1: what its clients may send, and its packets worded as inside the broker, and back. Pure.

Inside, a message begins with its properties and acknowledgements carry reason codes, as in MQTT 5. Section numbers are
those of the OASIS standard "MQTT Version 3.1.1". Raises the contract's `Malformed`.
"""

from presslight.broker.embedded import fields, packet, properties
from presslight.broker.embedded.packet import Kind, Packet
from presslight.broker.embedded.reason_codes import Reason
from presslight.broker.limits import MAX_QOS
from presslight.contract.errors import Malformed

FAILURE = 0x80
"""The one word of a SUBACK for whatever is refused (3.9.3)."""

_LENGTHS = {Kind.PUBACK: 2, Kind.PINGREQ: 0, Kind.DISCONNECT: 0}
_NOT_AUTHORISED = 5
_REFUSALS = {Reason.UNSUPPORTED_VERSION: 1, Reason.QUOTA_EXCEEDED: 3}
"""CONNACK's other words: unacceptable version, server unavailable (3.2.2.3)."""


class Mqtt3:
    """How a client of MQTT 3.1.1 is spoken to; nothing has to be remembered of it."""

    window: int | None = None
    """How many unacknowledged messages the client wants at most; None: it does not say."""

    max_packet_bytes: int | None = None
    """The largest packet that the client takes; None: it does not say."""

    def check(self, sent: Packet) -> None:
        """Raise Malformed where a packet does not add up."""
        if sent.kind is Kind.PUBLISH:
            _check_publish(sent)
        elif len(sent.body) != _LENGTHS.get(sent.kind, len(sent.body)):
            raise Malformed(f"{sent.kind.name} does not add up")
        elif sent.kind in {Kind.SUBSCRIBE, Kind.UNSUBSCRIBE}:
            found = packet.filters(sent.body, 2, options=int(sent.kind is Kind.SUBSCRIBE))
            if any(qos > 2 for _, qos in found):
                raise Malformed("a subscription that is not possible")

    def inward(self, sent: Packet) -> bytes:
        """A checked packet of the client's as amqtt reads it."""
        if sent.kind is Kind.PUBLISH:
            at = _message_at(sent.body, 0, sent.flags)
            return fields.write_packet(sent.raw[0], sent.body[:at] + properties.NONE + sent.body[at:])
        return granted(sent.body, 2) if sent.kind is Kind.SUBSCRIBE else sent.raw

    def outward(self, told: bytes) -> bytes:
        """A packet from inside as the client reads it."""
        kind, start = told[0] >> 4, 2 if told[1] < 0x80 else 3
        if kind == Kind.PUBLISH:
            return _without_properties(told, start)
        number, codes = told[start : start + 2], told[start + 3 :]
        if kind == Kind.SUBACK:
            return fields.write_packet(told[0], number + bytes(min(code, FAILURE) for code in codes))
        return fields.write_packet(told[0], number) if kind == Kind.UNSUBACK else told

    def identifier_of(self, number: int) -> int:  # noqa: ARG002 -- the same for both versions
        """The identifier that packet `number` gave its subscriptions; 0: none."""
        return 0

    def keeps_will(self, goodbye: Packet) -> bool:  # noqa: ARG002 -- the same for both versions
        """Whether the client wants its will published though it says goodbye."""
        return False

    def refusal(self, reason: Reason) -> bytes:
        """The CONNACK that lets nobody in."""
        return bytes([0x20, 2, 0, _REFUSALS.get(reason, _NOT_AUTHORISED)])

    def goodbye(self, reason: Reason) -> bytes:  # noqa: ARG002 -- the same for both versions
        """Nothing: in this version a broker just closes."""
        return b""


def granted(body: bytes, at: int) -> bytes:
    """A SUBSCRIBE with these filters from `at` on, none with a QoS over MAX_QOS (3.8.4 lets a server grant less)."""
    wanted = packet.filters(body, at, options=1)
    asked = (fields.write_binary(topic.encode()) + bytes([_lower(options)]) for topic, options in wanted)
    return fields.write_packet(Kind.SUBSCRIBE << 4 | 2, body[:2] + b"".join(asked))


def _lower(options: int) -> int:
    return options & ~3 | min(options & 3, MAX_QOS)


def _message_at(body: bytes, start: int, flags: int) -> int:
    """Where the message of a PUBLISH starts, whose topic starts at `start`."""
    return start + 2 + int.from_bytes(body[start : start + 2], "big") + (2 if flags & 6 else 0)


def _without_properties(told: bytes, start: int) -> bytes:
    at = _message_at(told, start, told[0])
    return fields.write_packet(told[0], told[start:at] + properties.payload(told[at:]))


def _check_publish(sent: Packet) -> None:
    qos = (sent.flags >> 1) & 3
    topic, at = fields.text(sent.body, 0)
    if not topic or topic.startswith("$") or "+" in topic or "#" in topic:
        raise Malformed("not a topic to publish to")
    if qos > MAX_QOS or (qos == 0 and sent.flags & 8):
        raise Malformed("PUBLISH with a QoS that is not possible here")
    if qos and not int.from_bytes(sent.body[at : at + 2], "big"):
        raise Malformed("PUBLISH without a packet identifier")
