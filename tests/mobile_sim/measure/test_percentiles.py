import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.mobile_sim.measure.percentiles import Spread, ranks


def spread_of(*values: float) -> Spread:
    spread = Spread()
    for value in values:
        spread.add(value)
    return spread


def test_figures_of_nothing_are_none() -> None:
    assert Spread().figures() is None


def test_figures_are_percentiles_in_ms() -> None:
    figures = spread_of(*range(1, 1_001)).figures()
    assert figures is not None
    assert (figures.n, figures.p50, figures.p90, figures.p99, figures.p99_9, figures.max) == pytest.approx(
        (1_000, 500, 900, 990, 999, 1_000), rel=1e-3
    )


@given(st.floats(0.001, 3_600_000))
def test_duration_keeps_three_digits(ms: float) -> None:
    figures = spread_of(ms).figures()
    assert figures is not None
    assert figures.p50 == pytest.approx(ms, rel=2e-3, abs=0.001)


def test_durations_out_of_range_count_as_the_ends() -> None:
    figures = spread_of(-1, 10**9).figures()
    assert figures is not None
    assert figures.n == 2


def test_few_samples_do_not_bound_p99() -> None:
    figures = spread_of(*range(1, 101)).figures()
    assert figures is not None
    assert figures.p99_high is None
    assert figures.p99_low == pytest.approx(97, abs=1)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [(1_000, 984, 996), (10_000, 9_880, 9_920)],  # binomial quantiles of 2.5 % and 97.5 %, plus one
)
def test_ranks_are_those_of_the_binomial(n: int, low: int, high: int) -> None:
    assert ranks(n, 0.99) == pytest.approx((low, high), abs=2)


@pytest.mark.parametrize("n", [1, 2, 10, 300, 1_000_000])
def test_ranks_hold_for_any_number(n: int) -> None:
    low, high = ranks(n, 0.99)
    assert 0 <= low <= n
    assert low < high <= n + 1


def test_interval_holds_the_true_p99_about_19_times_in_20() -> None:
    draw = random.Random(1)
    hits = 0
    for _ in range(100):
        figures = spread_of(*(draw.uniform(0, 1_000) for _ in range(300))).figures()
        assert figures is not None
        hits += (figures.p99_low or 0) <= 990.5 and (figures.p99_high or 1_000) >= 989.5
    assert hits >= 90
