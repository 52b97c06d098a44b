from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.light import WishFields
from presslight.mobile_sim.slider import Slider
from tests.mobile_sim.tables import Case, cases


def at(brightness: int) -> WishFields:
    return {"state": "ON", "brightness": brightness}


def follow(slider: Slider, event: dict[str, Any]) -> WishFields | None:
    match event["type"]:
        case "moved":
            return slider.on_move(event["set"])
        case "settled":
            return slider.settled()
        case "overruled":
            slider.overrule()
            return None
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("case", cases("slider_table.json"))
def test_slider_presses_what_the_table_says(case: Case) -> None:
    slider = Slider()
    for step in case["steps"]:
        assert follow(slider, step["event"]) == step["press"], step


@given(st.lists(st.integers(1, 255) | st.none(), min_size=1))
def test_light_ends_where_the_finger_rests(moves: list[int | None]) -> None:
    slider = Slider()
    pressed: list[WishFields] = []
    in_flight = 0
    for move in moves:  # None: the press in flight settles
        if move is None and not in_flight:
            continue
        in_flight -= move is None
        wish = slider.settled() if move is None else slider.on_move(at(move))
        if wish is not None:
            pressed.append(wish)
            in_flight += 1
        assert in_flight in (0, 1)
    while in_flight:
        wish = slider.settled()
        in_flight = int(wish is not None)
        pressed += [wish] if wish is not None else []
    wishes = [at(move) for move in moves if move is not None]
    assert pressed[-1:] == wishes[-1:]
