"""Packets from a stream: whole, in time, within the rate, and never so many at once that other tasks starve."""

import asyncio

import pytest

from presslight.broker.embedded.mqtt3 import Mqtt3Codec
from presslight.broker.embedded.packet import Packet, PacketType
from presslight.broker.embedded.packet_reader import PACKETS_PER_TURN, PacketReader, packet_cost
from presslight.broker.embedded.reason_codes import PacketRateExceeded
from presslight.contract.errors import Malformed
from presslight.contract.rate import Bucket
from tests.broker.clients import publish_packet

TOPIC = "presslight/light/kitchen/state"
ON = publish_packet(TOPIC, b"on")


def reader_of(stream: bytes, *, is_ended: bool = True) -> PacketReader:
    stream_reader = asyncio.StreamReader()
    stream_reader.feed_data(stream)
    if is_ended:
        stream_reader.feed_eof()
    return PacketReader(stream_reader, 5)


async def test_packets_are_read_one_by_one_until_the_stream_ends() -> None:
    packets = reader_of(ON * 2)
    assert [packet and packet.raw for packet in [await packets.read() for _ in range(3)]] == [ON, ON, None]


async def test_silence_is_an_error_after_the_time_limit() -> None:
    packets = reader_of(b"", is_ended=False)
    packets.configure(Mqtt3Codec().check_packet, 0, None)
    with pytest.raises(TimeoutError):
        await packets.read()


async def test_packet_that_the_version_forbids_is_malformed_once_the_version_is_known() -> None:
    no_topic = publish_packet("", b"on")
    packets = reader_of(no_topic * 2)
    assert await packets.read()
    packets.configure(Mqtt3Codec().check_packet, None, None)
    with pytest.raises(Malformed):
        await packets.read()


async def test_packet_above_the_rate_is_an_error() -> None:
    packets = reader_of(ON * 3)
    packets.configure(Mqtt3Codec().check_packet, None, Bucket(1e-9, 2, 0))
    for _ in range(2):
        assert await packets.read()
    with pytest.raises(PacketRateExceeded):
        await packets.read()


async def test_buffered_packets_let_other_tasks_run() -> None:
    packets, turns = reader_of(ON * 3 * PACKETS_PER_TURN), list[int]()

    async def other() -> None:
        for turn in range(2):
            turns.append(turn)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    for _ in range(3 * PACKETS_PER_TURN):
        assert await packets.read()
    assert turns == [0, 1]
    await task


@pytest.mark.parametrize(
    ("kind", "size", "cost"),
    [
        (PacketType.PUBLISH, 100, 1),
        (PacketType.PUBLISH, 8_192, 8),
        (PacketType.SUBSCRIBE, 100, 1),
        (PacketType.UNSUBSCRIBE, 1_280, 11),
    ],
)
def test_packet_counts_by_its_size_and_by_its_filters(kind: PacketType, size: int, cost: int) -> None:
    assert packet_cost(Packet(kind, 0, b"", bytes(size))) == cost
