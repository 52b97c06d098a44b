from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask
from presslight.contract.phone import Wish
from tests.cloud.ports import ask, moment
from tests.contract import strategies

PARTS = ("light", "set", "if_ver", "not_after")

asks = st.builds(
    Ask,
    key=strategies.keys,
    light=strategies.lights,
    principal=st.sampled_from([Principal("ann"), Principal("bob")]),
    set=strategies.wishes,
    if_ver=st.none() | strategies.versions,
    not_after=st.none() | strategies.moments,
    patience_ms=strategies.patiences,
)


class ColoredWish(Wish):
    """A wish with an attribute that lights have not yet."""

    color: int | None = None


def test_ask_that_wants_the_same_has_the_same_payload() -> None:
    assert ask().payload() == ask(2, phone="bob", patience_ms=500, before_us=7).payload()


@pytest.mark.parametrize(
    "other",
    [
        {"light": "hall"},
        {"set": Wish(state="OFF")},
        {"set": Wish(state="ON", brightness=1)},
        {"set": ColoredWish(state="ON", color=1)},
        {"set": ColoredWish(state="ON", color=2)},
        {"if_ver": (1, 0)},
        {"not_after": moment(5)},
        {"not_after": moment(5, "0000beef")},
    ],
)
def test_ask_that_wants_something_else_has_another_payload(other: dict[str, Any]) -> None:
    more: list[dict[str, Any]] = [{}, {"if_ver": (1, 1)}, {"not_after": moment(6)}]
    asks = [ask(**parts) for parts in (other, *more, {"set": ColoredWish(state="ON", color=3)})]
    assert len({made.payload() for made in asks}) == len(asks)


def test_attribute_that_is_left_out_changes_no_payload() -> None:
    """So a press that was stored before lights had it is known by its payload."""
    assert ask(set=ColoredWish(state="ON")).payload() == ask(set=Wish(state="ON")).payload()


@given(asks, asks, st.sets(st.sampled_from(PARTS)))
def test_payloads_are_equal_exactly_where_every_part_is(one: Ask, other: Ask, shared: set[str]) -> None:
    other = other._replace(**{part: getattr(one, part) for part in shared})
    same = all(getattr(one, part) == getattr(other, part) for part in PARTS)
    assert (one.payload() == other.payload()) is same


@given(asks, st.data())
def test_ask_that_differs_in_one_attribute_of_the_wish_has_another_payload(one: Ask, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(Wish.model_fields)))
    value = getattr(data.draw(strategies.wishes), name)
    other = one._replace(set=one.set.model_copy(update={name: value}))
    assert (one.payload() == other.payload()) is (getattr(one.set, name) == value)
