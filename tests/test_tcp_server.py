"""Nothing of a test's server is left: also where a client comes as it ends, is idle, or reads nothing."""

import asyncio
import gc
import socket

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


async def test_client_that_has_just_come_is_closed_at_the_end() -> None:
    loop = asyncio.get_running_loop()
    async with tcp_server(never) as port:
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        for client in clients:
            client.setblocking(False)
        assert await loop.sock_recv(clients[0], 1) == b"\0"
        late = socket.create_connection(("127.0.0.1", port))
        await asyncio.sleep(0)  # long enough to be accepted, too short to be talked to
    for client in (*clients, late):
        client.close()
    gc.collect()  # the transport of one that was not closed would say so here
