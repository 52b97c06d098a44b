import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from presslight.contract.light import Brightness
from presslight.contract.words import (
    MAX_SMALL,
    BootId,
    Key,
    LightId,
    Moment,
    Origin,
    PressStatus,
    Reason,
    Up,
    Version,
    WireVersion,
    is_light_id,
    split_key,
)
from tests.contract import strategies


def accepts(shape: Any, value: object) -> bool:
    try:
        TypeAdapter(shape).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@given(strategies.origins, st.integers(1, MAX_SMALL))
def test_split_key_takes_apart_what_was_put_together(origin: str, n: int) -> None:
    assert split_key(f"{origin}-{n}") == (origin, n)


@given(strategies.keys)
def test_key_made_of_origin_and_counter_is_a_key(key: str) -> None:
    assert accepts(Key, key)
    assert accepts(Origin, split_key(key)[0])


@given(st.text())
def test_split_key_of_any_text_gives_the_key_or_a_value_error(text: str) -> None:
    try:
        origin, n = split_key(text)
    except ValueError:
        return
    assert f"{origin}-{n}" == text


@given(st.integers(0, 2**34) | st.integers(MAX_SMALL - 5, MAX_SMALL + 5))
def test_key_counter_has_the_same_limit_in_model_and_schema(n: int) -> None:
    key = f"0123456789abcdef-{n}"
    pattern = TypeAdapter(Key).json_schema()["pattern"]
    assert accepts(Key, key) == (1 <= n <= MAX_SMALL)
    assert bool(re.search(pattern, key)) == (1 <= n <= MAX_SMALL)


@pytest.mark.parametrize("key", ["0123456789abcdef-7\n", "0123456789ABCDEF-7", "0123456789abcdef-07", "-1", ""])
def test_key_of_another_form_is_refused(key: str) -> None:
    assert not accepts(Key, key)
    with pytest.raises(ValueError, match="not a key"):
        split_key(key)


def test_split_key_error_repeats_only_the_start_of_a_long_text() -> None:
    with pytest.raises(ValueError, match="not a key") as caught:
        split_key("x" * 10_000)
    assert len(str(caught.value)) < 100


@given(strategies.lights)
def test_light_name_of_the_alphabet_is_taken(name: str) -> None:
    assert accepts(LightId, name)
    assert is_light_id(name)


@pytest.mark.parametrize("name", ["bridge", "bridge-", "bridge-2", "homeassistant"])
def test_light_name_of_a_broker_user_is_reserved(name: str) -> None:
    assert not accepts(LightId, name)
    assert not is_light_id(name)


@pytest.mark.parametrize("name", ["", "-a", "_a", "Hall", "a/b", "+", "#", "a b", "a.b", "küche", "hall\n", "l" * 33])
def test_light_name_that_is_no_plain_topic_level_is_refused(name: str) -> None:
    assert not accepts(LightId, name)
    assert not is_light_id(name)


@pytest.mark.parametrize("name", ["bridges", "bridge_1", "homeassistant2", "l" * 32, "0"])
def test_light_name_close_to_a_reserved_one_is_free(name: str) -> None:
    assert accepts(LightId, name)
    assert is_light_id(name)


@pytest.mark.parametrize("value", [True, 1.0, "1", 0, 2, None])
def test_wire_version_is_the_integer_one_and_nothing_like_it(value: object) -> None:
    assert accepts(WireVersion, 1)
    assert not accepts(WireVersion, value)


@pytest.mark.parametrize(
    ("shape", "least", "most"), [(Brightness, 1, 255), (Up, 0, 10**13 - 1), (Version, (0, 0), (MAX_SMALL, MAX_SMALL))]
)
def test_number_within_its_limits_is_taken(shape: object, least: object, most: object) -> None:
    assert accepts(shape, least)
    assert accepts(shape, most)


@pytest.mark.parametrize(
    ("shape", "value"),
    [(Brightness, 0), (Brightness, 256), (Up, -1), (Up, 10**13), (Version, (0, MAX_SMALL + 1)), (Version, (-1, 0))],
)
def test_number_past_its_limits_is_refused(shape: object, value: object) -> None:
    assert not accepts(shape, value)


@pytest.mark.parametrize("boot", ["89abcde", "89abcdef0", "89ABCDEF", "89abcdeg", ""])
def test_boot_id_of_another_form_is_refused(boot: str) -> None:
    assert not accepts(BootId, boot)


def test_message_of_ours_ignores_fields_of_a_newer_sender() -> None:
    assert Moment.model_validate({"boot": "89abcdef", "up": 5, "zone": "UTC"}) == Moment(boot="89abcdef", up=5)


def test_message_never_changes() -> None:
    moment = Moment(boot="89abcdef", up=5)
    with pytest.raises(ValidationError, match="frozen"):
        moment.up = 6  # type: ignore[misc]  # the assignment under test


def test_word_is_final_unless_accepted_or_unconfirmed() -> None:
    assert {status for status in PressStatus if not status.final} == {PressStatus.ACCEPTED, PressStatus.UNCONFIRMED}


def test_reason_is_of_the_light_or_of_the_way_to_it() -> None:
    way = {Reason.LIGHT_OFFLINE, Reason.BROKER_AWAY}
    assert {reason.value for reason in set(Reason) - way} == {"late", "superseded", "precondition", "invalid", "busy"}
