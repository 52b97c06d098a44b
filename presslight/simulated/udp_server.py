"""UDP server at 127.0.0.1; a subclass implements `datagram_received`."""

import asyncio
from types import TracebackType
from typing import Self


class UdpServer(asyncio.DatagramProtocol):
    """`async with` listens on a free port, `server.port`, until the block ends."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port: int = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()
        await asyncio.sleep(0)  # its socket is closed by then
