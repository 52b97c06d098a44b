import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError

from presslight.cloud.mqtt.broker_loss import (
    BrokerSilent,
    LossCause,
    NotAuthorized,
    SubscriptionRefused,
    describe_loss,
)


@pytest.mark.parametrize(
    ("error", "cause", "detail"),
    [
        (BrokerSilent(), "silent", "the broker is connected and delivers nothing"),
        (NotAuthorized(), "no_rights", "the broker drops what user 'ann' sends to canary: user 'ann' has no right to "),
        (SubscriptionRefused("a, b"), "no_rights", "the broker does not let user 'ann' read a, b"),
        (MqttConnectError(4), "refused", "the broker does not let user 'ann' in: its name or its password is wrong, "),
        (MqttConnectError(3), "refused", str(MqttConnectError(3))),
        (aiomqtt.MqttError("gone"), "lost", "gone"),
    ],
)
def test_loss_has_its_label_and_sentence(error: aiomqtt.MqttError, cause: str, detail: str) -> None:
    told = describe_loss(error, "ann", "canary")
    assert told[0] is LossCause(cause)
    assert told[1].startswith(detail)


def test_account_without_a_name_is_called_so() -> None:
    assert "a client without a user" in describe_loss(MqttConnectError(5), "", "canary")[1]
