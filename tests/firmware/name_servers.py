"""Name servers of a few lines, which say to a light just what a test tells them to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from tests.firmware.bare_broker import WAIT_S

Replies: TypeAlias = Callable[[bytes], Sequence[bytes]]
"""What to send back to a question, in order: nothing, one datagram or several."""


class PlayedServer(asyncio.DatagramProtocol):
    """`replies` may be replaced at any time. `asked`: each question so far."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self.asked: list[bytes] = []
        self._arrivals: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport

    async def listen(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        listening: int = self._transport.get_extra_info("sockname")[1]
        return listening

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        self._arrivals.put_nowait(data)
        for each in self.replies(data):
            self._transport.sendto(each, addr)

    async def question(self) -> bytes:
        """The next one."""
        async with asyncio.timeout(WAIT_S):
            return await self._arrivals.get()

    def close(self) -> None:
        self._transport.close()


@asynccontextmanager
async def name_servers(*replies: Replies) -> AsyncIterator[tuple[list[PlayedServer], str]]:
    """The servers, and where they are, for `SimulatedLight(names=…)`: first the network's, then the router."""
    servers = [PlayedServer(each) for each in replies]
    hosts = [f"127.0.0.{number}" for number in range(1, 1 + len(servers))]
    port = 0
    try:
        for server, host in zip(servers, hosts, strict=True):
            port = await server.listen(host, port)
        yield servers, " ".join((*hosts, str(port)))
    finally:
        for server in servers:
            server.close()
        await asyncio.sleep(0)  # their sockets are closed by then
