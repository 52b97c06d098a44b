"""What comes over TCP and is no request: its sender hears a code, it is counted, the connection ends."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import pytest

from presslight.cloud.uvicorn_protocols import http_protocol
from presslight.cloud.uvicorn_protocols.websocket_protocol import PhoneProtocol
from presslight.contract.errors import ErrorCode
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE, WAIT_S

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Wire:
    """A TCP connection to the bridge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """One answer: status, headers, body."""
        async with asyncio.timeout(WAIT_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.splitlines()
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            return int(status.split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def problem(self) -> tuple[int, str]:
        """One answer that is a Problem: status and code."""
        status, _, body = await self.answer()
        return status, json.loads(body)["code"]

    async def all_sent(self) -> None:
        """Return once the other side has taken all, or is gone."""
        with suppress(ConnectionError):
            self._writer.transport.set_write_buffer_limits(0)
            await self._writer.drain()

    def end(self) -> None:
        """Let go of it."""
        self._writer.close()

    async def ended(self) -> bytes:
        """What comes before the other side ends."""
        async with asyncio.timeout(WAIT_S):
            return await self._reader.read()


async def open_wire(house: House) -> Wire:
    return Wire(*await asyncio.open_connection(house.server.host, house.server.port))


@pytest.fixture
async def wire(house: House) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(house.server.host, house.server.port)
    yield Wire(reader, writer)
    writer.close()
    await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])


def counted(house: House, code: ErrorCode) -> float:
    """How often it was told; not asked over HTTP, which this file makes hasty."""
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


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"hello there\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/lights HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00",
    ],
    ids=["zeros", "TLS", "words", "not ASCII", "negative length", "bad chunk", "MQTT"],
)
async def test_what_is_no_http_hears_so(house: House, wire: Wire, noise: bytes) -> None:
    wire.send(noise)
    status, code = await wire.problem()
    assert (status, code) in {(400, "malformed"), (405, "method_not_allowed")}
    await wire.ended()
    assert counted(house, ErrorCode.MALFORMED) == 1


async def test_what_is_no_http_is_called_so(wire: Wire) -> None:
    wire.send(b"hello there\r\n\r\n")
    _, _, body = await wire.answer()
    assert json.loads(body)["message"] == f"This cannot be read. ({http_protocol.NO_HTTP})"


@pytest.mark.parametrize("head", [b"X: ", b"Cookie: a=b\r\n", b""])
async def test_head_without_end_is_too_large(house: House, wire: Wire, head: bytes) -> None:
    wire.send(b"GET / HTTP/1.1\r\n" if head else b"GET /")
    for _ in range(100):
        wire.send((head or b"x") * 1_000)
    assert await wire.problem() == (413, "too_large")
    assert await wire.ended() == b""
    assert counted(house, ErrorCode.TOO_LARGE) == 1


async def test_answer_to_an_endless_body_is_heard_before_the_end(house: House, wire: Wire) -> None:
    wire.send(press_head(house, length=999_999_999))
    for _ in range(64):
        wire.send(b" " * 65_536)
    assert await wire.problem() == (413, "too_large")
    assert await wire.ended() == b""


@pytest.mark.parametrize(
    "handshake",
    [
        UPGRADE.replace(b"GET", b"POST"),
        UPGRADE.replace(b"/ws", b"/\xff"),
        UPGRADE[:-2] + b"Content-Length: 5\r\n\r\n",
        UPGRADE[:-2] + b"Sec-WebSocket-Protocol: a, \xff\r\n\r\n",
        UPGRADE.replace(b"A==", b"\xff"),
        UPGRADE.replace(b"Connection:", b"Connection: a \x86\r\nConnection:"),
        UPGRADE.replace(b"Upgrade: w", b"Upgrade: a \x86\r\nUpgrade: w"),
        UPGRADE[:-2] + b"X: y\r\n" * 200 + b"\r\n",
    ],
    ids=["POST", "odd path", "body", "odd header", "odd key", "odd connection", "odd upgrade", "200 headers"],
)
async def test_handshake_that_is_none_hears_so(house: House, wire: Wire, handshake: bytes) -> None:
    wire.send(handshake)
    assert await wire.problem() == (400, "malformed")
    assert await wire.ended() == b""
    assert counted(house, ErrorCode.MALFORMED) == 1


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /ws?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /ws HTTP/1.0\r\n\r\n",
        UPGRADE.replace(b"Upgrade: websocket\r\n", b""),
        UPGRADE.replace(b"Connection: Upgrade", b"Connection: close"),
        UPGRADE.replace(b"Connection: Upgrade", b"Connection: keep-alive"),
        UPGRADE.replace(b"Connection: Upgrade\r\n", b""),
        UPGRADE.replace(b"Upgrade: websocket\r\nConnection: Upgrade", b"Connection: close").replace(b"1.1", b"1.0"),
        UPGRADE.replace(b"1.1", b"1.0"),
        UPGRADE.replace(b"websocket", b"h2c", 1),
    ],
    ids=[
        "plain", "query", "HTTP/1.0", "no Upgrade", "Connection: close", "Connection: keep-alive", "no Connection",
        "as nginx sends it", "Upgrade in HTTP/1.0", "another protocol",
    ],
)  # fmt: skip
async def test_request_for_the_websocket_without_upgrade_hears_what_is_missing(
    house: House, wire: Wire, asked: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    wire.send(asked)
    status, headers, body = await wire.answer()
    assert (status, json.loads(body)["code"], json.loads(body)["retry"]) == (426, "upgrade_required", False)
    assert headers["upgrade"] == "websocket"
    assert headers["sec-websocket-version"] == "13"
    assert counted(house, ErrorCode.UPGRADE_REQUIRED) == 1
    assert [record.levelname for record in caplog.records if "proxy" in record.message] == ["WARNING"]


async def test_head_of_the_websocket_hears_the_same_without_a_body(house: House) -> None:
    answer = await house.http.head("/ws")
    assert (answer.status_code, answer.headers["Upgrade"], answer.content) == (426, "websocket", b"")


async def test_proxy_that_forgets_upgrade_is_named_in_one_line_however_many_phones_try(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert (await house.http.get("/ws")).status_code == 426
    said = [record for record in caplog.records if "proxy" in record.message]
    assert [(record.levelname, getattr(record, "client", "")) for record in said] == [("WARNING", "127.0.0.1")]
    later = house.bridge.now() + 3_600 * 10**9
    monkeypatch.setattr(house.bridge, "now", lambda: later)
    await house.http.get("/ws")
    assert len([record for record in caplog.records if "proxy" in record.message]) == 2


H2C = b"Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
"""As Java's client and `curl --http2` ask for HTTP/2."""


@pytest.mark.parametrize("pieces", [1, 2])
async def test_press_that_offers_another_protocol_too_is_taken_with_its_body(
    house: House, wire: Wire, pieces: int
) -> None:
    body = b'{"state": "ON"}'
    for _ in range(2):  # on one connection
        head = press_head(house, length=len(body))[:-2] + H2C
        for part in [head + body] if pieces == 1 else [head, body]:
            wire.send(part)
            await asyncio.sleep(0)
        status, _, told = await wire.answer()
        assert (status, json.loads(told)["type"]) in {(200, "outcome"), (202, "outcome")}
    assert counted(house, ErrorCode.MALFORMED) == 0


@pytest.mark.parametrize("connection", [b"Upgrade", b"Upgrade\r\nConnection: keep-alive", b"keep-alive, upgrade"])
@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket/1", b"h2c\r\nUpgrade: TLS/1.0"])
@pytest.mark.parametrize(
    "body", [b"Content-Length: 42\r\n\r\n" + GET, b"Transfer-Encoding: chunked\r\n\r\n2a\r\n" + GET + b"\r\n0\r\n\r\n"]
)
async def test_body_behind_an_offer_of_another_protocol_is_no_request(
    wire: Wire, connection: bytes, upgrade: bytes, body: bytes
) -> None:
    wire.send(
        b"POST /healthz HTTP/1.1\r\nHost: a.localhost\r\nConnection: "
        + connection
        + b"\r\nUpgrade: "
        + upgrade
        + b"\r\n"
        + body
    )
    wire.send(GET.replace(b"localhost\r\n", b"localhost\r\nConnection: close\r\n"))
    assert await wire.problem() == (405, "method_not_allowed")
    assert (await wire.answer())[0] == 200
    assert await wire.ended() == b""


async def test_body_is_whole_where_the_end_of_its_head_was_cut_in_two(house: House, wire: Wire) -> None:
    body = b'{"state": "ON"}'
    head = press_head(house, length=len(body))[:-2] + H2C
    pad = b"X: " + bytes([120]) * (http_protocol._PIECE_BYTES + 1 - len(head) - len(b"X: \r\n")) + b"\r\n"
    wire.send(head[:-2] + pad + b"\r\n" + body + GET)
    assert (await wire.answer())[0] in {200, 202}
    assert (await wire.answer())[0] == 200


VERSION = b"Sec-WebSocket-Version: 13\r\n"


@pytest.mark.parametrize(
    "version",
    [
        *(VERSION.replace(b"13", other) for other in (b"8", b"0", b"14", b"013", b"x", b"8, 13", b"13, 8", b"")),
        *(b"", b"X: y\r\n", VERSION * 2, VERSION + VERSION.replace(b"13", b"8")),
    ],
)
async def test_handshake_of_another_version_hears_which_is_spoken(house: House, wire: Wire, version: bytes) -> None:
    wire.send(UPGRADE.replace(VERSION, version))
    status, headers, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (426, "upgrade_required")
    assert (headers["upgrade"], headers["sec-websocket-version"]) == ("websocket", "13")
    assert await wire.ended() == b""
    assert counted(house, ErrorCode.UPGRADE_REQUIRED) == 1


@pytest.mark.parametrize("wrong", [(b"A==", b""), (b"Sec-WebSocket-Key", b"X")])
async def test_handshake_of_another_websocket_is_counted(house: House, wire: Wire, wrong: tuple[bytes, bytes]) -> None:
    wire.send(UPGRADE.replace(*wrong))
    assert b" 400 Bad Request" in await wire.ended()
    assert counted(house, ErrorCode.MALFORMED) == 1


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

    def note(connection: http_protocol.RequestProtocol, data: bytes) -> None:
        if connection._refused:
            read.append(turn)
        data_received(connection, data)

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(next_turn)

    data_received, loop = http_protocol.RequestProtocol.data_received, asyncio.get_running_loop()
    monkeypatch.setattr(http_protocol.RequestProtocol, "data_received", note)
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


async def test_connection_is_kept_longer_than_its_client_believes_in_it(house: House, wire: Wire) -> None:
    wire.send(GET)
    await wire.answer()
    (connection,) = house.server.connections
    closing = cast(http_protocol.RequestProtocol, connection).timeout_keep_alive_task
    assert closing
    assert closing.when() - asyncio.get_running_loop().time() > 60


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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door that waits for nobody."""
    monkeypatch.setattr(http_protocol, "REQUEST_S", 0.05)


@pytest.fixture
async def late(house: House, wire: Wire, request: pytest.FixtureRequest) -> Wire:
    """A connection whose short time begins with its first byte, however long that byte takes."""
    await house.until(lambda: bool(house.server._server.server_state.connections))
    request.getfixturevalue("hasty")
    return wire


class TestSlow:
    """Whoever sends less than a request in time."""

    @pytest.mark.usefixtures("hasty")
    async def test_unused_connection_is_closed_without_a_word(self, house: House, wire: Wire) -> None:
        assert await wire.ended() == b""
        assert counted(house, ErrorCode.REQUEST_TIMEOUT) == 0

    @pytest.mark.parametrize("part", [b"G", b"GET / HT", b"GET / HTTP/1.1\r\nHost:", UPGRADE[:-2]])
    async def test_half_a_head_hears_that_it_is_late(self, house: House, late: Wire, part: bytes) -> None:
        late.send(part)
        assert await late.problem() == (408, "request_timeout")
        assert await late.ended() == b""
        assert counted(house, ErrorCode.REQUEST_TIMEOUT) == 1

    async def test_half_a_body_hears_that_it_is_late_and_presses_nothing(self, house: House, late: Wire) -> None:
        late.send(press_head(house, length=14) + b'{"sta')
        assert await late.problem() == (408, "request_timeout")
        assert await late.ended() == b""
        assert house.bridge.store.find(key()) is None
        assert b'kind="mistake"' not in house.bridge.metrics.text()

    async def test_one_that_is_turned_away_and_sends_on_is_dropped(self, house: House, late: Wire) -> None:
        late.send(b"nonsense\r\n\r\n")
        assert (await late.problem())[0] == 400
        await house.until(lambda: not house.server._server.server_state.connections)


async def test_connection_that_fails_in_its_turn_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(PhoneProtocol, "handle_connect", fail)
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    wires = [await open_wire(house) for _ in range(3)]
    for wire in wires:
        wire.send(UPGRADE)
    assert [await wire.ended() for wire in wires] == 3 * [b""]
    await house.until(lambda: not house.server.connections)
    assert [str(failure) for failure in failures] == 3 * ["a mistake of ours"]
    for wire in wires:
        wire.end()


async def test_phone_is_no_request_and_has_its_own_times(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[http_protocol.RequestProtocol] = []

    class Seen(http_protocol.RequestProtocol):
        def handle_websocket_upgrade(self) -> None:
            super().handle_websocket_upgrade()
            seen.append(self)

    made = house.server._server.config.http_protocol_class
    for name in ("counts", "doorstep", "turns"):
        monkeypatch.setattr(Seen, name, getattr(made, name), raising=False)
    monkeypatch.setattr(house.server._server.config, "http_protocol_class", Seen)
    await house.phone()
    assert [protocol._late.cancelled() for protocol in seen] == [True]


async def test_phones_that_come_all_at_once_are_all_welcomed(house: House) -> None:
    phones = await asyncio.gather(*(house.phone() for _ in range(20)))
    assert [phone.welcome["type"] for phone in phones] == 20 * ["welcome"]


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
