from presslight.contract.phone import Legs
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.measure.tally import LEGS, Tally


def applied(total_ms: float, legs: Legs | None) -> Journey:
    return Journey("k", "kitchen", PhoneStatus.APPLIED, total_ms=total_ms, legs=legs)


def test_applied_press_counts_in_every_leg() -> None:
    tally = Tally()
    tally.add(applied(10, Legs(bridge_us=6_000, ack_us=1_000, light_us=500)))
    figures = {leg: tally.legs[leg].figures() for leg in LEGS}
    assert {leg: found and round(found.p50, 1) for leg, found in figures.items()} == {
        "phone_network": 4.0,
        "bridge": 6.0,
        "broker_ack": 1.0,
        "broker_and_light_travel": 5.5,
        "light": 0.5,
    }
    assert not tally.failures


def test_press_without_legs_counts_its_total_as_press_to_light() -> None:
    tally = Tally()
    tally.add(applied(10, None))
    light = tally.light.figures()
    assert light is not None
    assert round(light.p50) == 10
    assert tally.unmeasured == 1
    assert tally.error.figures() is None


def test_press_that_was_not_applied_counts_as_a_failure_with_its_reason() -> None:
    tally = Tally()
    tally.add(Journey("k", "kitchen", PhoneStatus.REFUSED, "late", total_ms=5))
    tally.add(Journey("l", "kitchen", PhoneStatus.UNCONFIRMED))
    assert tally.failures == {"refused: late": 1, "unconfirmed": 1}
    assert tally.words == {PhoneStatus.REFUSED: 1, PhoneStatus.UNCONFIRMED: 1}
    assert tally.confirmation.figures() is None
