"""Properties of MQTT 5's packets (2.2.2): reading, checking, and forwarding those of a message.

Inside the broker a message is in MQTT 5's format: its properties, then its payload. Raises `BadPacket`.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from presslight.broker.embedded import fields
from presslight.broker.embedded.reason_codes import BadPacket, ReasonCode


class Property(IntEnum):
    """The properties that a client may send (2.2.2.2)."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY = 0x11
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27


Properties = dict[Property, Any]
"""Values by property: integers, strings, bytes. User Property has only its last value: nothing here depends on it."""

NONE: Final = b"\0"
"""The encoding of no properties."""

OF_MESSAGES = frozenset(
    {
        Property.PAYLOAD_FORMAT,
        Property.MESSAGE_EXPIRY,
        Property.CONTENT_TYPE,
        Property.RESPONSE_TOPIC,
        Property.CORRELATION_DATA,
        Property.USER_PROPERTY,
    }
)
OF_WILLS = OF_MESSAGES | {Property.WILL_DELAY}
OF_PUBLISH = OF_MESSAGES | {Property.TOPIC_ALIAS, Property.SUBSCRIPTION_IDENTIFIER}
OF_CONNECT = frozenset(
    {
        Property.SESSION_EXPIRY,
        Property.AUTHENTICATION_METHOD,
        Property.AUTHENTICATION_DATA,
        Property.REQUEST_PROBLEM_INFORMATION,
        Property.REQUEST_RESPONSE_INFORMATION,
        Property.RECEIVE_MAXIMUM,
        Property.TOPIC_ALIAS_MAXIMUM,
        Property.USER_PROPERTY,
        Property.MAXIMUM_PACKET_SIZE,
    }
)
OF_SUBSCRIBE = frozenset({Property.SUBSCRIPTION_IDENTIFIER, Property.USER_PROPERTY})
OF_UNSUBSCRIBE = frozenset({Property.USER_PROPERTY})
OF_PUBACK = frozenset({Property.REASON_STRING, Property.USER_PROPERTY})
OF_DISCONNECT = OF_PUBACK | {Property.SESSION_EXPIRY}

_NOT_ZERO = {
    Property.SUBSCRIPTION_IDENTIFIER,
    Property.RECEIVE_MAXIMUM,
    Property.TOPIC_ALIAS,
    Property.MAXIMUM_PACKET_SIZE,
}
_FLAGS = {
    Property.PAYLOAD_FORMAT,
    Property.REQUEST_PROBLEM_INFORMATION,
    Property.REQUEST_RESPONSE_INFORMATION,
}

_Reader = Callable[[bytes, int], tuple[Any, int]]


def read(body: bytes, at: int, allowed: frozenset[Property]) -> tuple[Properties, int]:
    """The properties at offset `at`, each of them among `allowed`, and the offset behind them. Raises BadPacket."""
    size, at = _length(body, at)
    end = at + size
    if end > len(body):
        raise BadPacket(ReasonCode.MALFORMED_PACKET, "properties are longer than their packet")
    items, found = body[:end], Properties()
    while at < end:
        name = _property_of(items[at], allowed)
        if name in found and name is not Property.USER_PROPERTY:
            raise BadPacket(ReasonCode.PROTOCOL_ERROR, f"{name.name} twice")
        found[name], at = _READERS[name](items, at + 1)
        _check_value(name, found[name])
    return found, end


def read_will_properties(body: bytes, at: int) -> tuple[bytes, int]:
    """The encoded properties of a will at offset `at`, without Will Delay, and the offset behind them (3.1.3.2)."""
    found, end = read(body, at, OF_WILLS)
    if Property.WILL_DELAY not in found:
        return body[at:end], end
    _, start = _length(body, at)
    return _with_length(_without(body[start:end], Property.WILL_DELAY)), end


def payload_of(message: bytes) -> bytes:
    """The payload of a message, without its properties."""
    if not message[0]:
        return message[1:]
    size, at = _length(message, 0)
    return message[at + size :]


def with_remaining_expiry(message: bytes, seconds: float) -> bytes | None:
    """A message after `seconds` in the broker: its Message Expiry lowered (3.3.2.3.3); None once it has expired."""
    found = read(message, 0, OF_PUBLISH)[0] if message[0] else {}
    if Property.MESSAGE_EXPIRY not in found:
        return message
    left = found[Property.MESSAGE_EXPIRY] - int(seconds)
    if left <= 0 < seconds:
        return None
    size, start = _length(message, 0)
    others = _without(message[start : start + size], Property.MESSAGE_EXPIRY)
    return _with_length(bytes([Property.MESSAGE_EXPIRY]) + left.to_bytes(4, "big") + others) + payload_of(message)


def with_subscription_identifier(message: bytes, identifier: int) -> bytes:
    """A message for a subscription with this Subscription Identifier (3.3.2.3.8)."""
    size, start = _length(message, 0)
    item = bytes([Property.SUBSCRIPTION_IDENTIFIER]) + fields.write_length(identifier)
    return _with_length(item + message[start : start + size]) + payload_of(message)


def _property_of(identifier: int, allowed: frozenset[Property]) -> Property:
    if identifier not in allowed:
        raise BadPacket(ReasonCode.MALFORMED_PACKET, f"property {identifier} is not allowed here")
    return Property(identifier)


def _check_value(name: Property, value: Any) -> None:
    if (name in _NOT_ZERO and value == 0) or (name in _FLAGS and value > 1):
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, f"{name.name} cannot be {value}")
    if name is Property.RESPONSE_TOPIC and (not value or "+" in value or "#" in value):
        raise BadPacket(ReasonCode.PROTOCOL_ERROR, "a response topic with a wildcard")


def _without(items: bytes, dropped: Property) -> bytes:
    """The encoded properties without `dropped`."""
    kept, at = [], 0
    while at < len(items):
        _, end = _READERS[Property(items[at])](items, at + 1)
        if items[at] != dropped:
            kept.append(items[at:end])
        at = end
    return b"".join(kept)


def _with_length(items: bytes) -> bytes:
    return fields.write_length(len(items)) + items


def _length(body: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer in its shortest encoding (1.5.5). Raises BadPacket."""
    found = fields.length(body, at)
    if found is None or (found[1] > at + 1 and body[found[1] - 1] == 0):
        raise BadPacket(ReasonCode.MALFORMED_PACKET, "a length that is not well-formed")
    return found


def _of_size(size: int) -> _Reader:
    return lambda body, at: fields.number(body, at, size)


def _pair(body: bytes, at: int) -> tuple[Any, int]:
    name, at = fields.text(body, at)
    value, at = fields.text(body, at)
    return (name, value), at


_READERS: dict[Property, _Reader] = {
    Property.PAYLOAD_FORMAT: _of_size(1),
    Property.MESSAGE_EXPIRY: _of_size(4),
    Property.CONTENT_TYPE: fields.text,
    Property.RESPONSE_TOPIC: fields.text,
    Property.CORRELATION_DATA: fields.binary,
    Property.SUBSCRIPTION_IDENTIFIER: _length,
    Property.SESSION_EXPIRY: _of_size(4),
    Property.AUTHENTICATION_METHOD: fields.text,
    Property.AUTHENTICATION_DATA: fields.binary,
    Property.REQUEST_PROBLEM_INFORMATION: _of_size(1),
    Property.WILL_DELAY: _of_size(4),
    Property.REQUEST_RESPONSE_INFORMATION: _of_size(1),
    Property.REASON_STRING: fields.text,
    Property.RECEIVE_MAXIMUM: _of_size(2),
    Property.TOPIC_ALIAS_MAXIMUM: _of_size(2),
    Property.TOPIC_ALIAS: _of_size(2),
    Property.USER_PROPERTY: _pair,
    Property.MAXIMUM_PACKET_SIZE: _of_size(4),
}
