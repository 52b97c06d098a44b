from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.core.legs import Stamps, press_to_light_us, travel_us
from presslight.contract.phone import Legs
from tests.cloud.ports import MS

US = st.integers(0, 10**9)


def test_legs_are_durations_between_the_stamps() -> None:
    stamps = Stamps(asked=10 * MS, before_us=7)
    stamps.published, stamps.acked = 11 * MS, 13 * MS
    assert stamps.legs(20 * MS, 400) == Legs(bridge_us=10_000, ack_us=2_000, light_us=400)


def test_ack_that_did_not_come_is_left_out() -> None:
    stamps = Stamps(asked=0)
    stamps.published = MS
    assert stamps.legs(2 * MS, 1).ack_us is None


def test_light_that_claims_too_much_is_cut_to_what_can_be() -> None:
    assert Stamps(asked=0).legs(MS, 10**6).light_us == 1_000


def test_press_to_light_leaves_out_half_of_the_travel() -> None:
    legs = Legs(bridge_us=10_000, light_us=2_000)
    assert travel_us(legs) == 8_000
    assert press_to_light_us(5_000, legs) == 5_000 + 10_000 - 4_000


@given(US, US, US, US)
def test_press_to_light_lies_between_light_and_total(before: int, asked: int, took: int, light: int) -> None:
    legs = Stamps(asked).legs(asked + took * 1_000, light)
    assert before + legs.light_us <= press_to_light_us(before, legs) <= before + legs.bridge_us
