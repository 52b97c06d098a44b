import pytest

from presslight.mobile_sim import backoff
from presslight.mobile_sim.backoff import Backoff


def longest(_low: float, high: float) -> float:
    return high


@pytest.fixture(autouse=True)
def quick_return() -> None:
    """Here the real waits are the point."""


def test_wait_doubles_up_to_its_cap() -> None:
    waits = Backoff(longest)
    assert [waits.after(0) for _ in range(7)] == [200, 400, 800, 1_600, 3_200, 5_000, 5_000]


def test_wait_is_short_where_nobody_answers() -> None:
    waits = Backoff(longest)
    assert [waits.after(0, answered=False) for _ in range(50)] == [1_000] * 50
    assert waits.after(0) == 200


def test_wait_starts_anew_after_a_long_life() -> None:
    waits = Backoff(longest)
    for _ in range(5):
        waits.after(0)
    assert waits.after(backoff.LONG_LIFE_MS) == 200
    assert waits.after(0) == 400


def test_wait_is_anything_from_nothing_up() -> None:
    seen: list[float] = []

    def draw(low: float, high: float) -> float:
        seen.append(low)
        return (low + high) / 2

    assert Backoff(draw).after(0) == backoff.BASE_MS / 2
    assert seen == [0]


def test_wait_stays_bounded_for_ever() -> None:
    waits = Backoff(longest)
    assert max(waits.after(0) for _ in range(2_000)) == backoff.CAP_MS
