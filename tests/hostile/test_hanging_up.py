"""A client that hangs up, at whatever point, is no mistake of the bridge, and nothing of it stands in the log."""

import asyncio
import logging
from contextlib import closing
from pathlib import Path

import pytest

from presslight.cloud.uvicorn_protocols.http_protocol import HttpProtocol
from tests.cloud.conftest import House
from tests.hostile.up import running

PRESS = (
    b"POST /api/lights/kitchen/presses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
    b"Idempotency-Key: key-number-%03d\r\nPrefer: wait=1\r\nContent-Length: 14\r\n\r\n"
)
BODY = b'{"state":"ON"}'


@pytest.mark.parametrize("last", [PRESS, PRESS + BODY, PRESS + BODY[:5]], ids=["head", "whole", "half a body"])
@pytest.mark.parametrize("is_reset", [False, True])
async def test_client_that_hangs_up_is_no_mistake(
    house: House, caplog: pytest.LogCaptureFixture, last: bytes, is_reset: bool
) -> None:
    light = await house.light()
    light.deaf = True  # so that answers are waited for
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            _, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
            token = house.token.encode()
            writer.write(b"".join((PRESS + BODY) % (token, number) for number in range(5)) + last % (token, 5))
            await house.until(lambda: any(isinstance(one, HttpProtocol) for one in house.server.connections))
            if is_reset:
                writer.transport.abort()
            else:
                writer.close()
            await house.until(lambda: not house.server.connections)
    assert await house.metric("presslight_troubles_total", kind="defect") == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("path", ["api/lights", "healthz", "metrics", "", "ws"])
async def test_client_that_hangs_up_amid_answers_is_no_mistake(
    house: House, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    ask = f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {house.token}\r\n\r\n".encode()
    with caplog.at_level(logging.INFO):
        for read in (1, 100, 10_000, 100_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
            writer.write(ask * 500)
            await reader.readexactly(min(read, 20_000))
            writer.transport.abort()
            await house.until(lambda: not house.server.connections)
    assert await house.metric("presslight_troubles_total", kind="defect") == 0
    assert [record for record in caplog.records if record.name != "presslight.bridge"] == []


async def test_client_that_resets_its_connection_is_no_mistake_of_a_whole_stack(tmp_path: Path) -> None:
    """Its loop is uvloop, which raises where bytes are written to a connection that is gone."""
    ask = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with running(tmp_path) as up:
        for number in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
            writer.write(ask * 4)
            if number % 2:
                await reader.read(1)
            writer.transport.abort()
        last, writer = await asyncio.open_connection("127.0.0.1", up.port)
        with closing(writer):
            writer.write(ask)
            assert await last.readline() == b"HTTP/1.1 200 OK\r\n"
        assert "Traceback" not in up.log
