"""Time servers of a few lines, which say to a light just what a test tells them to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.firmware.name_servers import PlayedServer, Replies

SINCE_1900 = 2_208_988_800


def answer(sent: bytes, seconds: int, *, first: int = 0x24, stratum: int = 2, mark: bytes = b"") -> bytes:
    """What says that it is `seconds`, in unix time. `first`: leap indicator, version 4, mode 4."""
    stamp = ((seconds + SINCE_1900) % 2**32).to_bytes(4, "big") + bytes(4)
    return bytes((first, stratum)) + bytes(22) + (mark or sent[40:48]) + stamp * 2


def telling(seconds: int) -> Replies:
    return lambda sent: [answer(sent, seconds)]


def silent(_: bytes) -> list[bytes]:
    return []


def refusing(sent: bytes) -> list[bytes]:
    """A kiss-o'-death."""
    return [answer(sent, 0, stratum=0)]


@asynccontextmanager
async def time_server(replies: Replies) -> AsyncIterator[tuple[PlayedServer, int]]:
    """The server, and its port, for `SimulatedLight(time_port=…)`."""
    server = PlayedServer(replies)
    port = await server.listen("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        server.close()
