"""A cable loses and swaps nothing: what waited passes in order, also the end of a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.faults.cable import Cable
from tests.faults.lab import WAIT_S
from tests.tcp_server import tcp_server

Ends = tuple[Cable, asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    """A cable to a server that says everything again, and a connection over it."""

    async def again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(1_024):
            writer.write(heard)

    async with asyncio.timeout(WAIT_S), tcp_server(again) as port, Cable(("127.0.0.1", port)) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        yield cable, reader, writer
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_whole_cable_carries_both_ways(ends: Ends) -> None:
    _, reader, writer = ends
    writer.write(b"one")
    assert await reader.readexactly(3) == b"one"


@pytest.mark.parametrize("way", ["out", "back"])
async def test_cut_way_keeps_what_waits_in_order(ends: Ends, way: str) -> None:
    cable, reader, writer = ends
    getattr(cable, way).cut()
    writer.write(b"one")
    await writer.drain()
    writer.write(b"two")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(1), 0.05)
    cable.mend()
    assert await reader.readexactly(6) == b"onetwo"


async def test_slow_cable_keeps_the_order_over_its_mending(ends: Ends) -> None:
    cable, reader, writer = ends
    cable.slow(0.02)
    for number in range(100):
        writer.write(b"%02d" % number)
        await writer.drain()
        if number == 50:
            cable.mend()
    assert await reader.readexactly(200) == b"".join(b"%02d" % number for number in range(100))


async def test_cut_cable_keeps_the_end_back(ends: Ends) -> None:
    cable, reader, writer = ends
    writer.write(b"one")
    assert await reader.readexactly(3) == b"one"
    cable.back.cut()
    server_end = next(end for end in cable._ends if end._way is cable.back)
    server_end.transport.abort()
    await server_end.gone.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.05)
    cable.mend()
    assert await reader.read() == b""


async def test_cable_to_nobody_ends_the_connection() -> None:
    async with asyncio.timeout(WAIT_S), Cable(("127.0.0.1", 1)) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        await closed(writer)
