"""A TCP server of a test: at its end every connection is closed, also one that came a moment before."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def tcp_server(talk: Talk, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[int]:
    """Talk so with all that come meanwhile; gives the port. What was written is sent, and that is closed, once it ends.

    `options` are those of `asyncio.start_server`.
    """
    talks = set[asyncio.Task[None]]()
    writers = list[asyncio.StreamWriter]()

    def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.create_task(talk(reader, writer), name="talk")
        talks.add(task)
        task.add_done_callback(talks.discard)
        task.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_server(come, host, 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # for the transports to hear of it
