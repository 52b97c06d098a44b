"""WebSocket frames as the bridge parses them: whole, fragmented, too large, malformed, and pings only."""

import asyncio
import itertools
import json
import logging
import socket
import struct
from typing import Any

import pytest

from presslight.cloud.uvicorn_protocols.websocket_protocol import SMALL_TEXT_BYTES, WebSocketProtocol
from presslight.cloud.websocket.session import Session
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE, WAIT_S, masked


async def test_frame_over_64_kb_closes_with_1009(house: House) -> None:
    phone = await house.phone()
    await phone.send("x" * 70_000)
    assert await phone.closed() == 1009
    assert await house.metric("presslight_errors_total", code="too_large") == 1


async def test_frame_that_breaks_the_framing_is_counted(house: House) -> None:
    phone = await house.phone()
    phone.socket.transport.write(b"\xff\xff\xff\xff")
    assert await phone.closed() == 1002
    assert await house.metric("presslight_errors_total", code="malformed") == 1


async def test_pings_that_nobody_reads_the_answers_of_pile_up_nowhere(house: House) -> None:
    host, port = house.server.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.setblocking(False)
        await loop.sock_connect(deaf, (host, int(port)))
        await loop.sock_sendall(deaf, UPGRADE)
        assert b" 101 " in await loop.sock_recv(deaf, 1_000)
        await loop.sock_sendall(deaf, masked({"type": "hello", "versions": [1], "token": house.token}))
        await house.until(lambda: len(house.bridge.phones.connected) == 1)
        (connection,) = [c for c in house.server._server.server_state.connections if hasattr(c, "send_texts")]
        async with asyncio.timeout(WAIT_S):
            await loop.sock_sendall(deaf, (b"\x89\xfd" + bytes(4) + bytes(125)) * 20_000)
        assert connection.transport.get_write_buffer_size() < 200_000


async def test_frame_in_pieces_is_one_frame(house: House) -> None:
    await house.light()
    phone = await house.phone()
    text = json.dumps({"type": "press", "key": key(), "light": "kitchen", "set": {"state": "ON"}})
    await phone.socket.send([text[:10], text[10:20], text[20:]])
    assert (await phone.until("outcome", final=True))["status"] == "applied"


@pytest.mark.parametrize("known", [False, True], ids=["strangers", "phones that send much"])
async def test_costly_frames_are_judged_one_in_each_turn_of_the_loop(
    house: House, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    sockets = [await (house.phone() if known else house.stranger()) for _ in range(20)]
    frame = masked({"type": "ping", "n": 1}, spaces=2 * SMALL_TEXT_BYTES if known else 0)
    judged = note_turns(monkeypatch)
    for phone in sockets:
        phone.socket.transport.write(frame)
    await house.until(lambda: len(judged) == len(sockets))
    assert len(set(judged)) == len(sockets)


def note_turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of the event loop's iteration in which each frame reaches the application."""
    loop, on_text, turn = asyncio.get_running_loop(), Session.on_text, itertools.count()
    now = [0]
    judged: list[int] = []

    def pass_on() -> None:
        now[0] = next(turn)
        loop.call_soon(pass_on)

    def noted(session: Session, text: str, at: int) -> None:
        judged.append(now[0])
        on_text(session, text, at)

    pass_on()
    monkeypatch.setattr(Session, "on_text", noted)
    return judged


def raise_as_uvloop_does(_: object) -> None:
    raise RuntimeError("the handler is closed")


LAST = {"spoilt": b"\xff\xff\xff\xff", "ping": b"\x89\x80" + bytes(4), "close": b"\x88\x80" + bytes(4)}


@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
async def test_client_that_resets_before_its_last_frame_is_parsed_is_no_defect(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, last: bytes
) -> None:
    """Its frames are parsed after it has gone, as the application reads them late: nothing can be answered any more."""
    lost = asyncio.Event()
    connection_lost, parse = WebSocketProtocol.connection_lost, WebSocketProtocol._parse_input

    def note_loss(protocol: WebSocketProtocol, error: Exception | None) -> None:
        connection_lost(protocol, error)
        monkeypatch.setattr(protocol.transport, "write", raise_as_uvloop_does)
        lost.set()

    def parse_late(protocol: WebSocketProtocol) -> None:
        if lost.is_set():
            parse(protocol)

    async def receive(protocol: WebSocketProtocol) -> Any:
        if protocol.handshake_complete:
            await lost.wait()
            parse(protocol)
        return await received(protocol)

    received = WebSocketProtocol.receive
    monkeypatch.setattr(WebSocketProtocol, "connection_lost", note_loss)
    monkeypatch.setattr(WebSocketProtocol, "_parse_input", parse_late)
    monkeypatch.setattr(WebSocketProtocol, "receive", receive)
    host, port = house.server.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as phone:
        phone.setblocking(False)
        await loop.sock_connect(phone, (host, int(port)))
        await loop.sock_sendall(phone, UPGRADE)
        assert b" 101 " in await loop.sock_recv(phone, 1_000)
        await loop.sock_sendall(phone, masked({"type": "ping", "n": 1}) + last)
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    async with asyncio.timeout(WAIT_S):
        await lost.wait()
    await house.until(lambda: not house.server._server.server_state.tasks)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert await house.metric("presslight_troubles_total", kind="defect") == 0
