import pytest

from presslight.mobile_sim.heartbeat import SETTLING_PINGS, Heartbeat


def test_link_is_silent_after_two_and_a_half_pings_of_the_bridge() -> None:
    heart = Heartbeat(1_000, 40, 0)
    assert not heart.is_silent(2_499)
    assert heart.is_silent(2_500)
    heart.heard(2_400)
    assert not heart.is_silent(4_899)


@pytest.mark.parametrize(("rtt_ms", "limit"), [(40, 1_000), (250, 1_000), (1_000, 4_000)])
def test_doubted_link_is_pinged_at_once_and_silent_after_1_s_or_four_round_trips(rtt_ms: float, limit: float) -> None:
    heart = Heartbeat(10_000, rtt_ms, 0)
    heart.due(0)
    heart.doubt(1_000)
    assert heart.due(1_000) == 2
    heart.doubt(1_500)  # of another press: the first doubt counts
    assert heart.due(1_500) is None
    assert heart.wake_at == 1_000 + limit
    assert not heart.is_silent(999 + limit)
    assert heart.is_silent(1_000 + limit)


def test_doubted_link_that_says_anything_is_a_good_one() -> None:
    heart = Heartbeat(1_000, 40, 0)
    heart.doubt(0)
    heart.heard(900)
    assert not heart.is_silent(3_399)
    assert heart.is_silent(3_400)


def test_new_link_is_pinged_in_a_row_and_then_at_the_bridges_pace() -> None:
    heart = Heartbeat(1_000, 40, 0)
    now = 0.0
    for count in range(SETTLING_PINGS):
        n = heart.due(now)
        assert n == count + 1
        assert heart.due(now) is None
        now += 30
        heart.heard(now)
        heart.pong(n, now)
    assert heart.due(now) is None
    assert heart.wake_at == now - 30 + 1_000


def test_round_trip_is_the_first_pong_and_then_smoothed() -> None:
    heart = Heartbeat(1_000, 400, 0)
    assert heart.rtt_ms == 400
    heart.pong(heart.due(0) or 0, 40)
    assert heart.rtt_ms == 40
    heart.pong(heart.due(40) or 0, 40 + 120)
    assert heart.rtt_ms == 50


def test_late_and_strange_pongs_count_for_nothing() -> None:
    heart = Heartbeat(1_000, 400, 0)
    first = heart.due(0) or 0
    second = heart.due(1_000) or 0
    heart.pong(first, 1_010)
    heart.pong(99, 1_010)
    assert heart.rtt_ms == 400
    heart.pong(second, 1_020)
    heart.pong(second, 1_500)
    assert heart.rtt_ms == 20


def test_ping_pace_of_nothing_is_not_a_busy_loop() -> None:
    heart = Heartbeat(0, 40, 0)
    heart.due(0)
    assert heart.wake_at > 0
