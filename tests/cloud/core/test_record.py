from typing import Any

import pytest

from presslight.contract.phone import Wish
from tests.cloud.ports import ask, moment


def test_ask_that_wants_the_same_has_the_same_payload() -> None:
    assert ask().payload() == ask(2, phone="bob", patience_ms=500, before_us=7).payload()


@pytest.mark.parametrize(
    "other",
    [
        {"light": "hall"},
        {"set": Wish(state="OFF")},
        {"set": Wish(state="ON", brightness=1)},
        {"if_ver": (1, 0)},
        {"not_after": moment(5)},
        {"not_after": moment(5, "0000beef")},
    ],
)
def test_ask_that_wants_something_else_has_another_payload(other: dict[str, Any]) -> None:
    asks = [ask(**other), ask(), ask(if_ver=(1, 1)), ask(not_after=moment(6))]
    assert len({made.payload() for made in asks}) == len(asks)
