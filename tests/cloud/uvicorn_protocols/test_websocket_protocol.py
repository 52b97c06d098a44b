"""WebSocket frames as the bridge parses them: whole, fragmented, too large, malformed, and pings only."""

import asyncio
import itertools
import json
import socket

import pytest

from presslight.cloud.uvicorn_protocols.websocket_protocol import SMALL_TEXT_BYTES
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
