from hypothesis import given
from hypothesis import strategies as st

from lamp.clock import Clock, ticks_diff
from tests.firmware.conftest import Both

PERIOD = 1 << 30
DAY_MS = 86_400_000


def test_clock_is_the_same_on_both_interpreters(both: Both) -> None:
    assert both("clock", [1000, 1000, 1001, 500_000, 500_000_000]) == [0, 0, 1, 499_000, 499_999_000]


@given(st.integers(0, PERIOD - 1), st.lists(st.integers(0, 6 * DAY_MS), max_size=30))
def test_up_counts_every_ms_whatever_the_counter_wraps(start: int, steps: list[int]) -> None:
    clock = Clock(start)
    passed = 0
    for step in steps:
        passed += step
        assert clock.up((start + passed) % PERIOD) == passed


@given(st.integers(0, PERIOD - 1), st.integers(-PERIOD // 2, PERIOD // 2 - 1))
def test_difference_holds_across_the_wrap(start: int, passed: int) -> None:
    assert ticks_diff((start + passed) % PERIOD, start) == passed
