from presslight.cloud.websocket.heartbeat import Heartbeat
from presslight.contract.words import MAX_SMALL
from tests.cloud.ports import MS


def test_ping_is_due_at_its_distance() -> None:
    pulse = Heartbeat(100 * MS, 0)
    assert pulse.ping(0) == 1
    assert not pulse.is_due(99 * MS)
    assert pulse.is_due(100 * MS)
    assert pulse.wake_at == 100 * MS
    assert pulse.ping(100 * MS) == 2


def test_round_trip_is_that_of_the_newest_ping() -> None:
    pulse = Heartbeat(100 * MS, 0)
    first, second = pulse.ping(0), pulse.ping(100 * MS)
    pulse.pong(first, 130 * MS)
    assert pulse.rtt == 0
    pulse.pong(second, 130 * MS)
    assert pulse.rtt == 30 * MS


def test_silence_counts_from_the_newest_frame() -> None:
    pulse = Heartbeat(100 * MS, 0)
    assert not pulse.is_silent(249 * MS)
    assert pulse.is_silent(250 * MS)
    pulse.on_frame(200 * MS)
    assert not pulse.is_silent(449 * MS)
    assert pulse.is_silent(450 * MS)


def test_numbers_stay_small() -> None:
    pulse = Heartbeat(100 * MS, 0)
    pulse._n = MAX_SMALL
    assert pulse.ping(0) == 1
