"""A TCP connection to the bridge on which a test sends bytes and reads HTTP responses."""

import asyncio
import json
from contextlib import suppress

from presslight.contract.errors import ErrorCode
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
H2C = b"Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
"""Headers by which Java's HTTP client and `curl --http2` offer HTTP/2."""


class Wire:
    """A TCP connection to the bridge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one response: status, headers, body."""
        async with asyncio.timeout(WAIT_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.splitlines()
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            return int(status.split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def problem(self) -> tuple[int, str]:
        """Read one response with a Problem: status and code."""
        status, _, body = await self.answer()
        return status, json.loads(body)["code"]

    async def all_sent(self) -> None:
        """Return once the bridge has read everything or has closed the connection."""
        with suppress(ConnectionError):
            self._writer.transport.set_write_buffer_limits(0)
            await self._writer.drain()

    def end(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def ended(self) -> bytes:
        """Read until the bridge closes the connection."""
        async with asyncio.timeout(WAIT_S):
            return await self._reader.read()


async def open_wire(house: House) -> Wire:
    return Wire(*await asyncio.open_connection(house.server.host, house.server.port))


def counted(house: House, code: ErrorCode) -> float:
    """Value of the error's counter; not read over HTTP, whose time limits the tests shorten."""
    value: float = house.bridge.metrics._error(code)._value.get()
    return value


def press_head(house: House, *, length: int) -> bytes:
    lines = [
        "POST /api/lights/kitchen/presses HTTP/1.1",
        f"Content-Length: {length}",
        f"Authorization: Bearer {house.token}",
        f"Idempotency-Key: {key()}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
