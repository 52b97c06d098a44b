"""What a light is after each message and each touch, and what it counts."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import command, glow
from lamp.light import NOTHING, REPORT, RETAINED, SHINE, Light
from tests.firmware.conftest import Both
from tests.firmware.on_micropython.scenarios import BOOT, EPOCH
from tests.firmware.presses import Press, Seen

MOST = 2**30 - 1
presses = st.builds(
    lambda origin, number, state, brightness: [0, Press(origin, number, 9, state, brightness).payload],
    st.integers(0, 3),
    st.integers(1, 9),
    st.sampled_from(["ON", "OFF"]),
    st.none() | st.integers(1, 3),
)
steps = st.lists(presses | st.sampled_from(["button", [0, '{"state":"ON"}'], [0, '{"state":"OFF"}'], [0, "{"]]))


def seen(both: Both, *all_steps: Any) -> list[Seen]:
    return [Seen(*each) for each in both("lamp", list(all_steps))]


@given(steps)
def test_version_rises_by_one_with_each_change_and_only_then(both: Both, all_steps: list[Any]) -> None:
    states = [(0, False, 255), *((each.seq, each.is_on, each.brightness) for each in seen(both, *all_steps))]
    for (seq, *before), (then, *after) in itertools.pairwise(states):
        assert then == seq + (before != after)


def test_button_turns_the_light_and_leaves_its_brightness(both: Both) -> None:
    dimmed, off, on = seen(both, [0, '{"state":"ON","brightness":9}'], "button", "button")
    assert (dimmed.is_on, off.is_on, on.is_on) == (True, False, True)
    assert {each.brightness for each in (dimmed, off, on)} == {9}
    assert [each.seq for each in (dimmed, off, on)] == [1, 2, 3]


def test_light_that_is_turned_on_without_brightness_is_as_bright_as_it_was(both: Both) -> None:
    *_, on = seen(both, [0, '{"state":"OFF","brightness":7}'], [0, '{"state":"ON"}'])
    assert (on.is_on, on.brightness) == (True, 7)


def test_message_asks_for_light_for_a_report_or_for_nothing(both: Both) -> None:
    good, late = Press(0xA, 1, until=5), Press(0xA, 2, until=5)
    asked = [each.act for each in seen(both, [5, good.payload], [5, good.payload], [6, late.payload], [6, "{"])]
    assert asked == [SHINE, REPORT, REPORT, NOTHING]


def test_output_follows_the_state() -> None:
    light = Light(BOOT, EPOCH, True, 9)
    assert light.duty == glow.duty(True, 9)
    light.toggle()
    assert light.duty == 0


@pytest.mark.parametrize("cause", [RETAINED, command.MALFORMED, command.INVALID, command.TOO_LARGE])
def test_dropped_message_is_counted_by_its_cause_and_the_count_stops_at_its_limit(cause: int) -> None:
    light = Light(BOOT, EPOCH, False, 255)
    light.drop(cause)
    assert [count for place, count in enumerate(light.dropped) if place != cause] == [0, 0, 0]
    assert light.dropped[cause] == 1
    light.dropped[cause] = MOST
    light.drop(cause)
    assert light.dropped[cause] == MOST


def test_version_that_can_rise_no_more_raises_before_anything_has_changed() -> None:
    light = Light(BOOT, EPOCH, False, 255)
    light.seq = MOST
    with pytest.raises(OverflowError):
        light.toggle()
    assert (light.seq, light.is_on) == (MOST, False)
