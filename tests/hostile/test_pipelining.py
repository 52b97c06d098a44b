"""One connection that sends requests without pause (RFC 9112, 9.3.2) fills nobody's memory, and others are answered."""

import asyncio
import logging
import re
from contextlib import closing

import pytest

from presslight.cloud.uvicorn_protocols.http_input import MAX_PIPELINED
from presslight.cloud.uvicorn_protocols.http_protocol import HttpProtocol
from tests.cloud.conftest import House
from tests.cloud.raw_phone import WAIT_S

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MANY = 2_000
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: bridge\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TOO_LARGE = b"POST / HTTP/1.1\r\nHost: bridge\r\nContent-Length: 99999\r\n\r\n" + 99_999 * b"x"
BAD = {"no HTTP": (b"no HTTP\r\n\r\n", 400), "too large": (TOO_LARGE, 413), "handshake": (HANDSHAKE, 400)}
"""What is refused behind requests that wait, and with which status: their answers would come among a phone's frames."""


def waiting(house: House) -> int:
    """The most requests of a connection that wait behind another."""
    connections = house.server.connections
    return max((len(one.pipeline) for one in connections if isinstance(one, HttpProtocol)), default=0)


async def answers(reader: asyncio.StreamReader, count: int, house: House) -> list[bytes]:
    """The first lines of so many answers; all the time only a few requests wait."""
    read = b""
    async with asyncio.timeout(WAIT_S):
        while len(lines := re.findall(rb"HTTP/1\.1 \d+ [^\r]*", read)) < count:
            assert waiting(house) <= MAX_PIPELINED
            read += await reader.read(65_536)
    return lines


async def test_each_request_is_answered_and_few_wait(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    with closing(writer):
        writer.write(MANY * REQUEST)
        assert await answers(reader, MANY, house) == MANY * [b"HTTP/1.1 200 OK"]


async def test_requests_cut_anywhere_are_answered(house: House) -> None:
    body = b'{"state":"ON"}' + b"\r\n\r\n" * 20
    press = (
        b"POST /api/lights/nowhere/presses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
        b"Idempotency-Key: any-key-at-all\r\nContent-Length: %d\r\n\r\n%b" % (house.token.encode(), len(body), body)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    with closing(writer):
        sent = (press + REQUEST) * 20
        for start in range(0, len(sent), 7):
            writer.write(sent[start : start + 7])
            if start % 3 == 0:
                await asyncio.sleep(0)
        assert await answers(reader, 40, house) == 40 * [b"HTTP/1.1 200 OK"]


async def test_phone_beside_it_presses_on(house: House) -> None:
    await house.light()
    phone = await house.phone()
    _, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    with closing(writer):
        writer.write(4 * MANY * REQUEST)  # and reads nothing
        await house.until(lambda: waiting(house) > 0)
        await phone.press()
        assert (await phone.until("outcome", final=True))["status"] == "applied"
        assert waiting(house) <= MAX_PIPELINED


@pytest.mark.parametrize("name", BAD)
async def test_what_is_refused_behind_others_is_answered_last_and_is_no_mistake(
    house: House, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    bad, status = BAD[name]
    with caplog.at_level(logging.ERROR):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        with closing(writer):
            writer.write(5 * REQUEST + bad)
            async with asyncio.timeout(WAIT_S):
                read = await reader.read()
        await house.until(lambda: not house.server.connections)
    assert re.findall(rb"HTTP/1\.1 (\d+)", read)[-1] == b"%d" % status
    assert await house.metric("presslight_troubles_total", kind="defect") == 0
    assert caplog.records == []
