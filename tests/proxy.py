"""A reverse proxy as people put one in front of a bridge: it takes a prefix off the path, and may forget a header."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from tests.tcp_server import tcp_server

_HOP_BY_HOP = re.compile(rb"(?im)^(?:upgrade|connection):.*\r\n")
_SUBPROTOCOLS = re.compile(rb"(?im)^sec-websocket-protocol:.*\r\n")
_NOWHERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def proxy(
    bridge: str, prefix: str = "", *, upgrades: bool = True, subprotocols: bool = True
) -> AsyncIterator[str]:
    """Serve the bridge at `bridge` below `prefix`; gives the address of that. One request a connection, as nginx does.

    `upgrades` False: Upgrade and Connection are not passed on, as proxies do that nobody has told otherwise.
    `subprotocols` False: nor is Sec-WebSocket-Protocol.
    """
    inside = urlsplit(bridge)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # either side has gone
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, rest = head.split(b" ", 2)
            if not path.startswith(f"{prefix}/".encode()):
                writer.write(_NOWHERE)
                return
            if not (upgrades and b"\r\nupgrade:" in head.lower()):
                version, fields = rest.split(b"\r\n", 1)
                rest = version + b"\r\nConnection: close\r\n" + _HOP_BY_HOP.sub(b"", fields)
            if not subprotocols:
                rest = _SUBPROTOCOLS.sub(b"", rest)
            back, forth = await asyncio.open_connection(inside.hostname, inside.port)
            forth.write(b" ".join([method, path.removeprefix(prefix.encode()), rest]))
            await asyncio.gather(_pass_on(reader, forth), _pass_on(back, writer))

    async with tcp_server(talk) as port:
        yield f"http://127.0.0.1:{port}{prefix}"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
