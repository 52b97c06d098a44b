"""A TCP server of a test: at its end every connection is closed, also one that came a moment before."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from typing import Any, TypeAlias

Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def tcp_server(talk: Talk, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run `talk` for each connection; yields the port. A talk that returns has its connection closed, once all is sent.

    Raises what talks raised, but not that a client was gone (OSError, EOFError).
    """
    loop = asyncio.get_running_loop()
    talks: list[asyncio.Task[None]] = []

    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server((host, 0)))
        listener.setblocking(False)

        # Not asyncio's server: at its end it leaves open what it accepted in the last turn of the loop.
        def accept() -> None:
            connection = sockets.enter_context(listener.accept()[0])
            connection.setblocking(False)
            talks.append(asyncio.create_task(_serve(talk, connection, context), name="talk"))

        loop.add_reader(listener, accept)
        try:
            yield listener.getsockname()[1]
        finally:
            loop.remove_reader(listener)
            for task in talks:
                task.cancel()
            ends = await asyncio.gather(*talks, return_exceptions=True)
            await asyncio.sleep(0)  # for the transports to hear of it
            _raise_mistakes(ends)


async def _serve(talk: Talk, connection: socket.socket, context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    try:
        await talk(reader, writer)
        writer.close()
        await writer.wait_closed()
    finally:
        transport.abort()


def _raise_mistakes(ends: "list[BaseException | None]") -> None:
    """Raise what is not a talk's ordinary end."""
    mistakes = [end for end in ends if isinstance(end, Exception) and not isinstance(end, OSError | EOFError)]
    if mistakes:
        raise ExceptionGroup("talks", mistakes)
