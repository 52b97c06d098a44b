"""Bytes that are no acceptable request: they are answered with a code and counted, and the connection ends."""

import asyncio
import json
from typing import cast

import pytest

from presslight.cloud.uvicorn_protocols import http_protocol
from presslight.cloud.uvicorn_protocols.websocket_protocol import WebSocketProtocol
from presslight.contract.errors import ErrorCode
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE
from tests.cloud.uvicorn_protocols.raw_http import GET, H2C, Wire, counted, open_wire, press_head


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
    assert json.loads(body)["message"] == f"This cannot be read. ({http_protocol.NOT_HTTP})"


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


async def test_connection_is_kept_longer_than_its_client_believes_in_it(house: House, wire: Wire) -> None:
    wire.send(GET)
    await wire.answer()
    (connection,) = house.server.connections
    closing = cast(http_protocol.HttpProtocol, connection).timeout_keep_alive_task
    assert closing
    assert closing.when() - asyncio.get_running_loop().time() > 60


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limit of requests, shortened to 50 ms."""
    monkeypatch.setattr(http_protocol, "REQUEST_S", 0.05)


@pytest.fixture
async def late(house: House, wire: Wire, request: pytest.FixtureRequest) -> Wire:
    """A connection whose short time limit begins with the first byte of a request."""
    await house.until(lambda: bool(house.server._server.server_state.connections))
    request.getfixturevalue("hasty")
    return wire


class TestSlow:
    """Clients that send less than a request within the time limit."""

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
        assert b'kind="defect"' not in house.bridge.metrics.text()

    async def test_one_that_is_turned_away_and_sends_on_is_dropped(self, house: House, late: Wire) -> None:
        late.send(b"nonsense\r\n\r\n")
        assert (await late.problem())[0] == 400
        await house.until(lambda: not house.server._server.server_state.connections)


async def test_connection_that_fails_in_its_turn_is_let_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(WebSocketProtocol, "handle_connect", fail)
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
    seen: list[http_protocol.HttpProtocol] = []

    class Seen(http_protocol.HttpProtocol):
        def handle_websocket_upgrade(self) -> None:
            super().handle_websocket_upgrade()
            seen.append(self)

    made = house.server._server.config.http_protocol_class
    for name in ("counts", "unauthenticated", "start_queue"):
        monkeypatch.setattr(Seen, name, getattr(made, name), raising=False)
    monkeypatch.setattr(house.server._server.config, "http_protocol_class", Seen)
    await house.phone()
    assert [protocol._request_timer.cancelled() for protocol in seen] == [True]


async def test_phones_that_come_all_at_once_are_all_welcomed(house: House) -> None:
    phones = await asyncio.gather(*(house.phone() for _ in range(20)))
    assert [phone.welcome["type"] for phone in phones] == 20 * ["welcome"]
