import pytest

from presslight.contract.phone_rules import BACKOFF_BASE_MS, BACKOFF_CAP_MS
from presslight.mobile_sim.backoff import Backoff
from tests.mobile_sim.tables import Case, cases


def longest(_low: float, high: float) -> float:
    return high


@pytest.fixture(autouse=True)
def quick_return() -> None:
    """Here the real waits are the point."""


@pytest.mark.parametrize("case", cases("backoff_table.json"))
def test_longest_wait_is_what_the_table_says(case: Case) -> None:
    waits = Backoff(longest)
    for step in case["steps"]:
        assert waits.after(step["lived_ms"], answered=step["answered"]) == step["longest"], step


def test_wait_is_anything_from_nothing_up() -> None:
    seen: list[float] = []

    def draw(low: float, high: float) -> float:
        seen.append(low)
        return (low + high) / 2

    assert Backoff(draw).after(0) == BACKOFF_BASE_MS / 2
    assert seen == [0]


def test_wait_stays_bounded_for_ever() -> None:
    waits = Backoff(longest)
    assert max(waits.after(0) for _ in range(2_000)) == BACKOFF_CAP_MS
