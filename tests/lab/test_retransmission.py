"""The model of what TCP makes of lost packets."""

import pytest

from tests.lab.fate import Weather
from tests.lab.retransmission import Estimator, Lane


def arrivals(loss: float, count: int = 5_000, apart_ms: float = 10_000) -> list[float]:
    """How long each message took that was sent alone."""
    lane = Lane(Weather(250, loss), 1, "up")
    return [lane.arrival(turn * apart_ms) - turn * apart_ms for turn in range(count)]


def test_without_loss_only_the_handshake_and_the_way_cost_time() -> None:
    assert arrivals(0, count=3) == [750, 250, 250]


def test_lost_messages_come_after_the_timer_and_twice_lost_ones_later() -> None:
    took = arrivals(0.05)[1:]
    assert sum(each == 250 for each in took) / len(took) == pytest.approx(0.95, abs=0.01)
    late = sorted(each for each in took if each > 250)
    assert 950 <= late[len(late) // 2] <= 1_500
    assert late[-1] > 2_000


def test_messages_keep_their_order() -> None:
    lane = Lane(Weather(250, 0.3), 1, "up")
    times = [lane.arrival(turn * 10.0) for turn in range(500)]
    assert times == sorted(times)


def test_timer_settles_above_the_round_trip() -> None:
    timer = Estimator()
    assert timer.rto == 1_000
    for _ in range(50):
        timer.measured(500)
    assert 700 <= timer.rto < 710
