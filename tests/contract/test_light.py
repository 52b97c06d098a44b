from typing import Any

import pytest
from pydantic import BaseModel

from presslight.contract.light import LightState, LightWish, WishFields
from presslight.contract.mqtt import Report, SetCommand
from presslight.contract.phone import PressBody, View, Wish

ATTRIBUTES = set(LightWish.model_fields)


@pytest.mark.parametrize("message", [SetCommand, Wish, PressBody])
def test_message_that_wants_has_every_attribute(message: type[LightWish]) -> None:
    assert issubclass(message, LightWish)


@pytest.mark.parametrize("message", [Report, View])
def test_message_that_tells_has_every_attribute(message: type[LightState]) -> None:
    assert issubclass(message, LightState)


def test_state_has_the_attributes_that_can_be_wished_for() -> None:
    assert set(LightState.model_fields) == ATTRIBUTES


def test_keyword_arguments_of_a_wish_are_its_attributes() -> None:
    assert set(WishFields.__annotations__) == ATTRIBUTES


def test_attributes_of_a_message_are_those_of_the_light_alone() -> None:
    body = PressBody(state="ON", brightness=7, if_ver=(1, 2), patience_ms=300)
    assert set(body.attributes()) == ATTRIBUTES
    assert Wish(**body.attributes()) == Wish(state="ON", brightness=7)


@pytest.mark.parametrize(
    ("model", "extra"), [(Wish, "forbid"), (PressBody, "forbid"), (SetCommand, "ignore"), (Report, "ignore")]
)
def test_message_keeps_its_own_way_with_unknown_fields(model: type[BaseModel], extra: Any) -> None:
    assert model.model_config["extra"] == extra
    assert model.model_config["strict"]
    assert model.model_config["frozen"]
