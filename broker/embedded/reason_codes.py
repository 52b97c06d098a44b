"""Why a client is refused something, in MQTT 5's reason codes (its section 2.4)."""

from enum import IntEnum

from presslight.contract.errors import ContractError, Malformed, TooLarge


class Reason(IntEnum):
    """The reason codes that this broker says or reads."""

    SUCCESS = 0x00
    NO_SUBSCRIPTION_EXISTED = 0x11
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    NOT_AUTHORIZED = 0x87
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E


class BadPacket(Malformed):
    """A packet that ends its connection, with the reason code that its sender hears."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class TooMany(BadPacket):
    """One more packet than its sender may send."""


def reason_of(error: ContractError) -> Reason:
    """What the sender of a packet hears that raised this."""
    if isinstance(error, BadPacket):
        return error.reason
    return Reason.PACKET_TOO_LARGE if isinstance(error, TooLarge) else Reason.MALFORMED_PACKET
