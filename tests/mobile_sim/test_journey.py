from typing import Any

import pytest

from presslight.contract.phone import Legs
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey

LEGS = Legs(bridge_us=20_000, ack_us=4_000, light_us=1_000)


WHOLE = Journey("k", "kitchen", PhoneStatus.APPLIED, total_ms=101.0, legs=LEGS)


def journey(**changes: Any) -> Journey:
    return WHOLE._replace(**changes)


def test_legs_nest() -> None:
    whole = journey()
    assert whole.phone_network_ms == 81
    assert (whole.bridge_ms, whole.light_travel_ms, whole.broker_ack_ms, whole.light_ms) == (20, 19, 4, 1)
    assert whole.total_ms == 81 + 19 + 1


def test_press_to_light_is_the_total_without_half_the_travel() -> None:
    whole = journey()
    assert whole.travel_ms == 100
    assert (whole.press_to_light_ms, whole.error_ms) == (51, 50)


def test_wait_in_the_phone_is_no_travel() -> None:
    whole = journey(waited_ms=40.0)
    assert whole.phone_network_ms == 41
    assert (whole.press_to_light_ms, whole.error_ms) == (71, 30)


def test_true_press_to_light_is_within_the_error_whatever_the_ways_took() -> None:
    for way_back in range(101):
        whole = journey()
        assert whole.press_to_light_ms is not None
        assert whole.error_ms is not None
        assert abs(whole.press_to_light_ms - (101 - way_back)) <= whole.error_ms


@pytest.mark.parametrize("changes", [{"legs": None}, {"status": PhoneStatus.REFUSED}, {"total_ms": None}])
def test_nothing_is_told_of_a_press_that_was_not_measured(changes: dict[str, object]) -> None:
    assert journey(**changes).press_to_light_ms is None
    assert journey(**changes).error_ms is None


def test_light_without_broker_ack_is_measured_all_the_same() -> None:
    whole = journey(legs=Legs(bridge_us=20_000, light_us=1_000))
    assert whole.broker_ack_ms is None
    assert whole.press_to_light_ms == 51
