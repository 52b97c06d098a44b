"""One direction of the lab: what is lost, what is late, what a full queue drops."""

import struct

from tests.lab.fate import Weather, is_lost
from tests.lab.segment import Flows, read
from tests.lab.way import Way

CALM = Weather(delay_ms=250, loss=0)


def packet(sequence: int, port: int = 40_000, length: int = 10, acknowledged: int = 0) -> bytes:
    """A segment from the phone to the house."""
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + length, 0, 0, 64, 6, 0, 1, 2)
    return ip + struct.pack(">HHIIBBHHH", port, 80, sequence, acknowledged, 0x50, 0, 0, 0, 0) + bytes(length)


def test_packets_come_out_after_the_delay_in_their_order() -> None:
    way = Way(CALM, "up", Flows())
    first, second = packet(1), packet(2)
    way.take(first, 1.0)
    way.take(second, 1.1)
    assert way.due(1.2) == []
    assert way.wake_at == 1.25
    assert [out for _, out in way.due(1.4)] == [first, second]
    assert way.wake_at is None


def test_same_seed_loses_the_same_packets_and_another_one_others() -> None:
    def lost(seed: int) -> list[bool]:
        return [is_lost(Weather(0, 0.05, seed), 1, "up", str(mark), 0) for mark in range(20_000)]

    assert lost(1) == lost(1) != lost(2)
    assert 800 < sum(lost(1)) < 1_200


def test_direction_flow_and_copy_have_their_own_luck() -> None:
    weather = Weather(0, 0.5)
    draws = {
        (flow, direction, copy): [is_lost(weather, flow, direction, str(mark), copy) for mark in range(64)]
        for flow in (1, 2)
        for direction in ("up", "down")
        for copy in (0, 1)
    }
    assert len({tuple(draw) for draw in draws.values()}) == len(draws)


def test_segments_are_named_by_what_they_carry_wherever_their_numbers_start() -> None:
    names = []
    for start in (5, 2**32 - 5):
        flows = Flows()
        segments = [read(packet((start + ahead) % 2**32), "up") for ahead in (0, 10, 10)]
        names.append([flows.name(segment, "up") for segment in segments if segment])
    assert names[0] == names[1] == [(1, "0", 0), (1, "10", 0), (1, "10", 1)]


def test_bare_acknowledgements_are_told_apart_by_what_they_acknowledge() -> None:
    flows = Flows()
    segments = [read(packet(7, length=0, acknowledged=number), "up") for number in (0, 30, 30)]
    assert [flows.name(segment, "up") for segment in segments if segment] == [
        (1, "0+0", 0),
        (1, "0+30", 0),
        (1, "0+30", 1),
    ]


def test_what_is_no_tcp_is_left_out() -> None:
    way = Way(CALM, "up", Flows())
    way.take(b"\x60" + bytes(60), 0.0)
    way.take(b"", 0.0)
    assert (way.wake_at, way.counts["foreign"]) == (None, 2)


def test_cut_way_carries_nothing_and_a_mended_one_does_again() -> None:
    way = Way(CALM, "up", Flows())
    way.is_cut = True
    way.take(packet(1), 0.0)
    way.is_cut = False
    way.take(packet(2), 0.0)
    assert way.counts == {"cut": 1, "carried": 1}


def test_stranded_connections_are_dead_and_new_ones_live() -> None:
    flows = Flows()
    way = Way(CALM, "up", flows)
    way.take(packet(1), 0.0)
    way.stranded = len(flows)
    way.take(packet(2), 0.0)
    way.take(packet(1, port=40_001), 0.0)
    assert way.counts == {"carried": 2, "cut": 1}


def test_full_uplink_delays_and_then_drops() -> None:
    way = Way(Weather(delay_ms=0, loss=0, uplink_kbps=8, queue_packets=2), "up", Flows())
    for sequence in (1, 2, 3):
        way.take(packet(sequence, length=960), 0.0)  # 1,000 bytes a second go up
    assert [due for due, _ in way.due(9.0)] == [1.0, 2.0]
    assert way.counts == {"carried": 2, "overflowed": 1}
    way.take(packet(4, length=960), 9.0)
    assert way.wake_at == 10.0


def test_down_is_not_slowed_by_a_slow_uplink() -> None:
    way = Way(Weather(delay_ms=250, loss=0, uplink_kbps=8), "down", Flows())
    way.take(packet(1, length=960), 0.0)
    assert way.wake_at == 0.25
