"""The time server of a simulated light: it answers what this machine takes for the time (SNTP, RFC 5905)."""

import asyncio
import time
from types import TracebackType
from typing import Self

SIZE = 48
SINCE_1900 = 2_208_988_800
"""Unix seconds begin so many seconds after the protocol's."""


class TimeServer(asyncio.DatagramProtocol):
    """`async with TimeServer() as server:` it listens at 127.0.0.1, on `server.port`."""

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

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a client's question; nothing else gets an answer."""
        if len(data) >= SIZE and data[0] & 7 == 3:
            self._transport.sendto(answer(data, time.time()), addr)


def answer(question: bytes, now: float) -> bytes:
    """The answer of a server of stratum 1 at `now`, in unix seconds."""
    stamp = (int((now + SINCE_1900) * 2**32) % 2**64).to_bytes(8, "big")
    version = question[0] & 0b111000
    return bytes((version | 4, 1, question[2], 0xE9)) + bytes(8) + b"LOCL" + stamp + question[40:SIZE] + stamp * 2
