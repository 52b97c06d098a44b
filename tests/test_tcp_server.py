"""Nothing of a test's server is left: also where a client comes as it ends, is idle, or reads nothing."""

import asyncio
import gc
import socket

import pytest

from tests.tcp_server import tcp_server


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(10_000_000))
    await reader.read()


async def briefly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")


async def test_what_is_written_comes_before_the_end() -> None:
    async with tcp_server(briefly) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"hello"
        writer.close()


@pytest.mark.parametrize("turns", range(6))
async def test_client_that_has_just_come_is_closed_at_the_end(turns: int) -> None:
    loop = asyncio.get_running_loop()
    async with tcp_server(never) as port:
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        for client in clients:
            client.setblocking(False)
        assert await loop.sock_recv(clients[0], 1) == b"\0"
        late = socket.create_connection(("127.0.0.1", port))
        for _ in range(turns):  # of the loop: it is not yet accepted, accepted, has a transport, is talked to
            await asyncio.sleep(0)
    for client in (*clients, late):
        client.close()
    gc.collect()  # the transport of one that was not closed would say so here


async def test_talk_that_fails_is_told_at_the_end() -> None:
    async def fail(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        assert await reader.read(5) == b"other"

    async def call() -> None:
        async with tcp_server(fail) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello")
            assert await reader.read() == b""
            writer.close()

    with pytest.raises(ExceptionGroup) as told:
        await call()
    assert told.group_contains(AssertionError, match="hello")


async def test_talk_whose_client_is_gone_is_no_mistake() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(1)
        finally:
            gone.set()

    async with tcp_server(listen) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await gone.wait()
