"""One connection of the embedded broker. (What it keeps from amqtt: test_delivery, test_embedded, test_hostile.)"""

import asyncio
from typing import Any

import pytest

from presslight.broker.embedded.client_connection import MAX_PENDING_REQUESTS, ClientConnection
from presslight.broker.embedded.connect import Connect
from presslight.broker.embedded.connection_state import MOVES, ConnectionState
from presslight.broker.embedded.packet import DISCONNECT_BYTES
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.broker.refusals import RefusalKind, Refusals
from tests.broker.clients import packet, publish_packet, subscribe_packet

CONNECT = Connect(4, 0xC2, 0, "kitchen", b"secret")
TOPIC = "presslight/light/kitchen/state"


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.unread = 0
        self.transport = self
        self.closed = False
        self.is_stuck = False

    def write(self, data: bytes) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = not self.is_stuck

    async def wait_closed(self) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        assert self.closed


class Bench:
    """A connection, its reader fed by hand and its writer a fake transport."""

    def __init__(self) -> None:
        self.reader, self.socket, self.refusals = asyncio.StreamReader(), Transport(), Refusals()
        writer: Any = self.socket
        self.client = ClientConnection(self.reader, writer, self.refusals)

    async def connected(self) -> ClientConnection:
        self.client.accept(CONNECT, "kitchen")
        await self.whole()
        self.client.start_receiving()
        return self.client

    async def whole(self) -> bytes:
        """The next packet as amqtt reads it, head first."""
        async with asyncio.timeout(5):
            head = await self.client.read(2)
            return head + await self.client.read(head[1])


async def test_amqtt_reads_an_introduction_and_then_the_packets() -> None:
    bench = Bench()
    bench.client.accept(CONNECT, "kitchen")
    assert b"kitchen" in (rewritten := await bench.whole())
    assert b"secret" not in rewritten
    bench.reader.feed_data(publish_packet(TOPIC, b"on"))
    early = asyncio.create_task(bench.client.read(1))
    await asyncio.wait([early], timeout=0)
    assert not early.done()
    bench.client.start_receiving()
    assert await early == b"\x30"


async def test_requests_wait_while_as_many_as_allowed_are_under_way() -> None:
    bench = Bench()
    client = await bench.connected()
    bench.reader.feed_data(publish_packet(TOPIC, b"on") * (MAX_PENDING_REQUESTS + 1))
    for _ in range(MAX_PENDING_REQUESTS):
        await bench.whole()
    late = asyncio.create_task(client.read(1))
    await asyncio.wait([late], timeout=0)
    assert not late.done()
    client.finish_request()
    assert await late == b"\x30"


async def test_goodbye_waits_until_everything_is_worked_off() -> None:
    bench = Bench()
    client = await bench.connected()
    bench.reader.feed_data(publish_packet(TOPIC, b"on") + subscribe_packet("a", 1) + DISCONNECT_BYTES)
    for _ in range(2):
        await bench.whole()
    disconnect = asyncio.create_task(bench.whole())
    client.finish_request()
    await asyncio.wait([disconnect], timeout=0)
    assert not disconnect.done()
    client.write(packet(0x90, b"\x00\x01\x01"))
    assert await disconnect == DISCONNECT_BYTES
    await client.aclose()


@pytest.mark.parametrize("will", [True, False])
async def test_end_is_a_goodbye_only_where_no_will_shall_be_published(will: bool) -> None:
    bench = Bench()
    client = await bench.connected()
    client.disconnect(ReasonCode.SHUTTING_DOWN, will=will)
    bench.reader.feed_eof()
    if will:
        with pytest.raises(asyncio.IncompleteReadError):
            await client.read(1)
    else:
        assert await bench.whole() == DISCONNECT_BYTES
    await client.aclose()


@pytest.mark.parametrize("wills", [(False, True), (True, False), (False, True, True)])
async def test_will_that_shall_not_be_published_stays_so_whoever_else_ends_the_connection(
    wills: tuple[bool, ...],
) -> None:
    bench = Bench()
    client = await bench.connected()
    for will in wills:
        client.disconnect(ReasonCode.SESSION_TAKEN_OVER, will=will)
    bench.reader.feed_eof()
    assert await bench.whole() == DISCONNECT_BYTES
    await client.aclose()


async def test_socket_that_does_not_close_is_cut_where_the_wait_for_it_is_cancelled() -> None:
    bench = Bench()
    client = await bench.connected()
    bench.socket.is_stuck = True
    finishing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    finishing.cancel()
    await asyncio.wait([finishing])
    assert finishing.cancelled()
    assert bench.socket.closed
    assert client.closed.is_set()


async def test_client_with_too_much_unread_is_cut_off() -> None:
    bench = Bench()
    client = await bench.connected()
    bench.socket.unread = 2**30
    client.write(publish_packet(TOPIC, b"\0on"))  # inside, a message begins with its properties
    assert bench.socket.closed
    assert bench.refusals.counts == {("kitchen", RefusalKind.UNREAD): 1}
    client.write(b"\xd0\x00")
    assert bench.socket.written == publish_packet(TOPIC, b"on")
    await client.aclose()


async def test_empty_field_at_a_packet_s_end_is_read_without_waiting() -> None:
    bench = Bench()
    client = await bench.connected()
    assert await client.read(0) == b""


async def test_more_than_the_packet_holds_is_not_read_from_the_next() -> None:
    bench = Bench()
    client = await bench.connected()
    bench.reader.feed_data(publish_packet(TOPIC, b"on") * 2)
    with pytest.raises(asyncio.IncompleteReadError):
        await client.read(100)


async def test_finish_releases_whoever_waits() -> None:
    bench = Bench()
    bench.client.accept(CONNECT, "kitchen")
    await bench.whole()
    waits = asyncio.create_task(bench.client.read(1))
    await asyncio.wait([waits], timeout=0)
    bench.reader.feed_eof()
    await bench.client.aclose()
    with pytest.raises(asyncio.IncompleteReadError):
        await waits
    assert bench.client.closed.is_set()


@pytest.mark.parametrize("state", ConnectionState)
async def test_state_moves_as_stated_and_no_other_way(state: ConnectionState) -> None:
    for wanted in ConnectionState:
        client = Bench().client
        client._state = state
        if wanted in MOVES[state]:
            client._move_to(wanted)
        else:
            with pytest.raises(RuntimeError, match=f"from {state} to {wanted}"):
                client._move_to(wanted)
