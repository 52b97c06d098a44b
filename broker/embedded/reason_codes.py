"""Reason codes of MQTT 5 (2.4), and the errors that end a connection with one of them."""

from enum import IntEnum

from presslight.contract.errors import ContractError, Malformed, TooLarge


class ReasonCode(IntEnum):
    """The reason codes that this broker sends or reads."""

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
    """A packet that ends its connection, with the reason code for its sender."""

    def __init__(self, reason: ReasonCode, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class PacketRateExceeded(BadPacket):
    """A packet above its sender's rate."""


def reason_code_of(error: ContractError) -> ReasonCode:
    """The reason code for the sender of the packet that raised `error`."""
    if isinstance(error, BadPacket):
        return error.reason
    return ReasonCode.PACKET_TOO_LARGE if isinstance(error, TooLarge) else ReasonCode.MALFORMED_PACKET
