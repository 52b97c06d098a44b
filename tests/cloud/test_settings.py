from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from presslight.cloud.settings import Settings
from presslight.contract.address import BrokerAddress

BROKER = BrokerAddress(host="broker", port=1883, username="bridge", password=SecretStr("secret"))


def test_defaults_are_the_protocols() -> None:
    settings = Settings(broker=BROKER, store=Path("presses.db"))
    assert (settings.press_rate, settings.press_burst) == (50, 100)
    assert (settings.hello_ms, settings.drain_ms) == (5_000, 10_000)


def test_loss_of_the_broker_is_known_within_two_seconds() -> None:
    settings = Settings(broker=BROKER, store=Path("presses.db"))
    assert settings.canary_ms + settings.canary_limit_ms < 2_000


def test_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(broker=BROKER, store=Path("presses.db")))


@pytest.mark.parametrize("wrong", [{"press_rate": 0}, {"press_burst": 0}, {"ping_ms": 0}, {"pingms": 5}])
def test_setting_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"broker": BROKER, "store": Path("presses.db")} | wrong)
