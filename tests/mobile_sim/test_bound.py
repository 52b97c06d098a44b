from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.words import MAX_DRIFT_PPM, MAX_UP_MS, Moment
from presslight.mobile_sim.bound import Bound, best, deadline, lead

DRIFTS = st.floats(-MAX_DRIFT_PPM, MAX_DRIFT_PPM)


@given(drift=DRIFTS, heard=st.floats(0, 1e7), later=st.floats(-1e6, 1e7))
def test_bound_never_exceeds_the_clock_of_a_drifting_light(drift: float, heard: float, later: float) -> None:
    rate = 1 + drift / 1e6
    bound = Bound("0badcafe", heard * rate, heard)
    assert bound.at(heard + later) <= (heard + later) * rate + 1e-3


def test_best_keeps_what_proves_more() -> None:
    known = Bound("0badcafe", 1_000, 0)
    assert best(known, Bound("0badcafe", 1_100, 200)) is known
    newer = Bound("0badcafe", 1_300, 200)
    assert best(known, newer) is newer


def test_best_takes_a_later_boot_though_its_clock_is_young() -> None:
    reborn = Bound("deadbeef", 5, 200)
    assert best(Bound("0badcafe", 1_000, 0), reborn) is reborn
    assert best(None, reborn) is reborn


def test_deadline_is_the_bound_at_the_press_and_the_patience() -> None:
    bound = Bound("0badcafe", 10_000, 500)
    assert deadline(bound, 500, 2_000, None) == Moment(boot="0badcafe", up=12_000)
    assert deadline(bound, 400, 2_000, None).up == 11_899  # pressed before the bound was heard: never more than proven


def test_deadline_never_goes_back_within_a_boot() -> None:
    bound = Bound("0badcafe", 10_000, 0)
    assert deadline(bound, 0, 100, Moment(boot="0badcafe", up=19_000)).up == 19_000
    assert deadline(bound, 0, 100, Moment(boot="deadbeef", up=19_000)).up == 10_100


def test_deadline_of_a_light_that_just_booted_is_not_negative() -> None:
    assert deadline(Bound("0badcafe", 5, 1_000), 0, 2_000, None).up == 2_000


def test_lead_shrinks() -> None:
    moment = Moment(boot="0badcafe", up=2_000)
    assert lead(moment, Bound("0badcafe", 500, 0), 0) == 1_500
    assert lead(moment, Bound("0badcafe", 2_500, 0), 0) == -500


def test_deadline_that_was_given_on_a_false_clock_holds_back_no_other() -> None:
    bound = Bound("00000001", 1_000, 0)
    assert deadline(bound, 0, 2_000, Moment(boot="00000001", up=23_000)).up == 23_000
    assert deadline(bound, 0, 2_000, Moment(boot="00000001", up=23_001)).up == 3_000


def test_deadline_is_no_later_than_the_wire_can_say() -> None:
    assert deadline(Bound("00000001", MAX_UP_MS, 0), 50, 2_000, None).up == MAX_UP_MS
