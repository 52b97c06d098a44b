"""Requests that come pipelined, in pieces, or behind a rejection: what is parsed when."""

import asyncio
from collections import Counter

import pytest

from presslight.cloud.uvicorn_protocols import http_protocol
from presslight.cloud.uvicorn_protocols.input_buffer import PIECE_BYTES
from tests.cloud.conftest import House
from tests.cloud.raw_phone import WAIT_S
from tests.cloud.uvicorn_protocols.raw_http import GET, H2C, Wire, open_wire, press_head


async def test_body_is_whole_where_the_end_of_its_head_was_cut_in_two(house: House, wire: Wire) -> None:
    body = b'{"state": "ON"}'
    head = press_head(house, length=len(body))[:-2] + H2C
    pad = b"X: " + bytes([120]) * (PIECE_BYTES + 1 - len(head) - len(b"X: \r\n")) + b"\r\n"
    wire.send(head[:-2] + pad + b"\r\n" + body + GET)
    assert (await wire.answer())[0] in {200, 202}
    assert (await wire.answer())[0] == 200


async def test_connection_serves_many_requests(wire: Wire) -> None:
    for _ in range(3):
        wire.send(GET)
        assert (await wire.answer())[0] == 200
    wire.send(GET * 3)
    assert [(await wire.answer())[0] for _ in range(3)] == [200, 200, 200]


async def test_what_those_send_on_who_were_turned_away_is_read_one_at_a_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    turn = 0

    def note(connection: http_protocol.HttpProtocol, data: bytes) -> None:
        if connection._is_rejected:
            read.append(turn)
        data_received(connection, data)

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(next_turn)

    data_received, loop = http_protocol.HttpProtocol.data_received, asyncio.get_running_loop()
    monkeypatch.setattr(http_protocol.HttpProtocol, "data_received", note)
    wires = [await open_wire(house) for _ in range(5)]
    next_turn()
    for wire in wires:
        wire.send(b"no HTTP\r\n\r\n" * 100_000)

    for wire in wires:
        assert await wire.problem() == (400, "malformed")
        await wire.all_sent()
        wire.end()
    await house.until(lambda: not house.server.connections)
    assert len(read) > len(wires)
    assert max(Counter(read).values()) == 1


@pytest.mark.parametrize("lines", [b"\r\n", b"\n", b"\r\n" * 5])
async def test_empty_lines_keep_no_connection(
    house: House, wire: Wire, lines: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.send(GET)
    await wire.answer()
    (connection,) = house.server.connections
    monkeypatch.setattr(connection, "timeout_keep_alive", 0.1)
    wire.send(GET)
    await wire.answer()
    wire.send(lines)
    assert await wire.ended() == b""


async def test_empty_lines_before_a_request_are_passed_over(wire: Wire) -> None:
    no_upgrade = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    for asked in (GET, no_upgrade, no_upgrade + GET):
        wire.send(b"\r\n\r\n\r\n" + asked)
        assert (await wire.answer())[0] == 200
    assert (await wire.answer())[0] == 200
    wire.send(b"\r\n" * 40_000)
    assert await wire.problem() == (413, "too_large")


async def test_requests_that_come_all_at_once_in_pieces_are_all_answered(house: House) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        for piece in (b"GET /healthz HTTP/1.1\r\n", b"Host: localhost\r\n", b"Connection: close\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0)
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read()
        writer.close()
        return answer[:15]

    assert await asyncio.gather(*(ask() for _ in range(20))) == 20 * [b"HTTP/1.1 200 OK"]
