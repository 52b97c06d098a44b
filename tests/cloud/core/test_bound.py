from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.core.bound import Bound
from presslight.contract.words import MAX_DRIFT_PPM
from tests.cloud.ports import MS, S

NS = st.integers(0, 10**15)
UP = st.integers(0, 10**9)


def test_bound_grows_slower_than_the_slowest_clock() -> None:
    assert Bound(1_000, 0).at(10_000 * S) == 1_000 + 10_000_000 - 10_000


def test_bound_never_falls_when_time_seems_to_go_back() -> None:
    assert Bound(1_000, 5 * S).at(4 * S) == 1_000


def test_better_report_raises_the_bound() -> None:
    bound = Bound(1_000, 0)
    assert bound.observe(3_000, S) == 3_000 - bound_after_a_second()
    assert bound.at(S) == 3_000


def bound_after_a_second() -> int:
    return Bound(1_000, 0).at(S)


def test_late_report_does_not_lower_the_bound() -> None:
    bound = Bound(1_000, 0)
    before = bound.at(S)
    assert bound.observe(1_200, S) == 0
    assert bound.at(S) == before


@given(UP, NS, UP)
def test_clock_is_past_the_deadline_when_it_was_said_to_pass(up: int, heard: int, deadline: int) -> None:
    bound = Bound(up, heard)
    passes = bound.passes(deadline)
    assert bound.at(passes) > deadline
    assert passes <= heard or bound.at(passes - 2 * MS) <= deadline


@given(UP, NS, st.integers(0, 10**15), st.integers(-MAX_DRIFT_PPM, MAX_DRIFT_PPM))
def test_no_clock_within_the_drift_is_behind_its_bound(up: int, heard: int, passed: int, ppm: int) -> None:
    shown = up + passed * (1_000_000 + ppm) // 1_000_000 // MS
    assert Bound(up, heard).at(heard + passed) <= shown
