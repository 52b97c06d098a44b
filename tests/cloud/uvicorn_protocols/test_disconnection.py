"""Connections whose client disconnects while they wait for their turn."""

import asyncio
import socket
from typing import cast

import pytest

from presslight.cloud.uvicorn_protocols import http_protocol, websocket_protocol
from presslight.cloud.uvicorn_protocols.start_queue import StartQueue
from tests.cloud.conftest import House
from tests.cloud.uvicorn_protocols.raw_http import GET, Wire

CLIENTS = 20


@pytest.fixture
def start_queue(house: House, monkeypatch: pytest.MonkeyPatch) -> StartQueue:
    """The bridge's queue, which starts nothing until its limit is raised."""
    protocol = cast(type[http_protocol.HttpProtocol], house.server._server.config.http_protocol_class)
    queue = protocol.start_queue
    monkeypatch.setattr(queue, "_limit", 0)
    monkeypatch.setattr(queue, "_left", 0)
    return queue


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Pieces of input that were parsed."""
    pieces: list[bytes] = []
    for protocol in (http_protocol.HttpProtocol, websocket_protocol.WebSocketProtocol):
        feed = protocol._feed_parser

        def noted(self: object, piece: bytes, feed: object = feed) -> None:
            pieces.append(piece)
            feed(self, piece)  # type: ignore[operator]  # either class's own

        monkeypatch.setattr(protocol, "_feed_parser", noted)
    return pieces


@pytest.mark.parametrize("sent", [GET, b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n"], ids=["whole", "no HTTP", "a part"])
async def test_request_whose_client_is_gone_is_not_parsed(
    house: House, start_queue: StartQueue, parsed: list[bytes], wire: Wire, sent: bytes
) -> None:
    """A turn each would keep a flood's connections open, and everybody behind them waiting, long after its end."""
    for _ in range(CLIENTS):
        with socket.create_connection((house.server.host, house.server.port)) as client:
            client.sendall(sent)
    await house.until(lambda: len(start_queue._waiting) == CLIENTS)
    wire.send(GET)
    await house.until(lambda: len(start_queue._waiting) == CLIENTS + 1)
    start_queue._limit = 1
    assert (await wire.answer())[0] == 200
    await house.until(lambda: len(house.server.connections) == 1)
    assert parsed == [GET]


async def test_frame_whose_client_is_gone_is_not_parsed(
    house: House, start_queue: StartQueue, parsed: list[bytes]
) -> None:
    start_queue._limit = 1
    phones = [await house.stranger() for _ in range(CLIENTS)]
    await house.until(lambda: len(house.server.connections) == CLIENTS)
    await asyncio.sleep(0)
    parsed.clear()
    start_queue._limit = start_queue._left = 0
    for phone in phones:
        phone.socket.transport.write(b"\x89\x80\x00\x00\x00\x00")
    await house.until(lambda: len(start_queue._waiting) == CLIENTS)
    for phone in phones:
        phone.socket.transport.abort()
    await asyncio.sleep(0)
    start_queue._limit = 1
    await house.until(lambda: not house.server.connections)
    assert parsed == []
