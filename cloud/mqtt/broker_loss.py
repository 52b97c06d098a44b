"""Reasons for the loss of the broker: errors, a metric label for each, and a sentence for the operator's log."""

from enum import StrEnum

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from presslight.cloud.mqtt.aiomqtt_client import is_of_account


class LossCause(StrEnum):
    """Label of a loss in the metrics and in the log."""

    SILENT = "silent"
    """Connected, but nothing is delivered."""
    NO_RIGHTS = "no_rights"
    """The broker's ACL does not let our account publish or subscribe as a bridge must."""
    REFUSED = "refused"
    """CONNACK refuses us."""
    LOST = "lost"
    """Any other end of the connection, or no connection at all."""


class BrokerSilent(aiomqtt.MqttError):
    """The connection is open and the broker delivers nothing."""


class NotAuthorized(aiomqtt.MqttError):
    """The broker acknowledges canaries and has never returned one: brokers drop silently what the ACL forbids."""


class SubscriptionRefused(aiomqtt.MqttError):
    """The broker's SUBACK refuses these topics."""


def describe_loss(error: aiomqtt.MqttError, user: str, canary: str) -> tuple[LossCause, str]:
    """Return the cause and a sentence. `user`: our account's name, or empty; `canary`: the canary's topic."""
    who = f"user {user!r}" if user else "a client without a user"
    match error:
        case BrokerSilent():
            return LossCause.SILENT, "the broker is connected and delivers nothing"
        case NotAuthorized():
            dropped = f"the broker drops what {who} sends to {canary}"
            return LossCause.NO_RIGHTS, f"{dropped}: {who} has no right to write or read it"
        case SubscriptionRefused():
            return LossCause.NO_RIGHTS, f"the broker does not let {who} read {error}"
        case MqttConnectError() if is_of_account(error):
            refused = f"the broker does not let {who} in"
            return LossCause.REFUSED, f"{refused}: its name or its password is wrong, or it may not connect"
        case MqttConnectError():
            return LossCause.REFUSED, str(error)
        case _:
            return LossCause.LOST, str(error)
