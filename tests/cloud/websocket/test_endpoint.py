"""The phone's WebSocket, as a phone meets it."""

import asyncio
import base64
import gc
import json
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from presslight.cloud.core.allowance import FRAMES_OF_A_STRANGER
from presslight.cloud.store.tokens import issue_token, list_tokens, revoke_tokens
from presslight.cloud.uvicorn_protocols.http_protocol import HttpProtocol
from presslight.cloud.uvicorn_protocols.websocket_protocol import WebSocketProtocol
from presslight.cloud.websocket import endpoint as socket_shell
from presslight.contract.errors import CloseCode
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE, WAIT_S, RawPhone, masked


async def test_press_lights_the_light_and_all_are_told(house: House) -> None:
    light = await house.light()
    ann, bob = await house.phone(), await house.phone(issue_token(house.bridge.settings.store, "bob"))
    await ann.press(set={"state": "ON", "brightness": 77})
    assert (await ann.until("outcome"))["status"] == "accepted"
    applied = await ann.until("outcome")
    assert (applied["status"], applied["final"], applied["version"]) == ("applied", True, [1, 1])
    legs = applied["legs"]
    assert legs["bridge_us"] >= legs["light_us"] == 100
    for phone in (ann, bob):
        seen = await phone.sees(state="ON")
        assert (seen["brightness"], seen["version"]) == (77, [1, 1])
    assert light.model.acted[0][0] == key(1)


async def test_hello_that_comes_with_the_handshake_is_answered_without_a_frame(house: House) -> None:
    await house.light()
    async with early_phone(house, {"type": "hello", "versions": [1], "token": house.token}) as socket:
        assert socket.subprotocol == "presslight"
        welcome = json.loads(await socket.recv())
        assert (welcome["type"], [light["id"] for light in welcome["lights"]]) == ("welcome", ["kitchen"])
        await socket.send(json.dumps({"type": "hello", "versions": [1], "token": house.token}))
        assert {json.loads(await socket.recv())["type"] for _ in range(2)} == {"ping", "error"}


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"type": "hello", "versions": [1], "token": "wrong"}, CloseCode.UNAUTHENTICATED),
        ({"type": "hello", "versions": [9], "token": "wrong"}, CloseCode.UNSUPPORTED_VERSION),
        ({"type": "ping", "n": 1}, CloseCode.HELLO_EXPECTED),
    ],
)
async def test_hello_that_comes_with_the_handshake_is_judged_as_a_frame(
    house: House, hello: dict[str, Any], code: CloseCode
) -> None:
    async with early_phone(house, hello) as socket:
        async with asyncio.timeout(WAIT_S):
            await socket.wait_closed()
        assert socket.close_code == code


def early_phone(house: House, hello: dict[str, Any]) -> connect:
    """A socket whose handshake brings the hello."""
    name = base64.urlsafe_b64encode(json.dumps(hello).encode()).decode().rstrip("=")
    offered = [Subprotocol("presslight"), Subprotocol(f"presslight.hello.{name}")]
    return connect(f"ws://127.0.0.1:{house.server.port}/ws", subprotocols=offered, compression=None)


async def test_change_by_another_hand_is_pushed(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    await light.press_button("ON")
    assert (await phone.sees(state="ON"))["version"] == [1, 1]


async def test_many_copies_act_once(house: House) -> None:
    light = await house.light()
    phone, again = await house.phone(), await house.phone()
    for _ in range(10):
        await phone.press()
        await again.press()
    for told in (phone, again):
        assert (await told.until("outcome", final=True))["status"] == "applied"
    await light.hears(1)
    assert [pressed for pressed, _, _ in light.model.acted] == [key(1)]


async def test_light_away_is_offline_and_comes_back(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    await light.available("offline")
    await phone.sees(online=False)
    await phone.press(1)
    assert (await phone.until("outcome"))["reason"] == "light_offline"
    await light.available("online")
    await light.report()
    await phone.sees(online=True)
    await phone.press(1)
    assert (await phone.until("outcome"))["reason"] == "light_offline"
    await phone.press(2)
    await phone.until("outcome", status="applied")
    assert [pressed for pressed, _, _ in light.model.acted] == [key(2)]


async def test_deaf_light_leaves_a_press_unconfirmed_until_it_answers(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    light.deaf = True
    await phone.press(patience_ms=100)
    assert (await phone.until("outcome", status="unconfirmed"))["final"] is False
    await light.hears(2)
    light.deaf = False
    await phone.press(patience_ms=100)
    settled = await phone.until("outcome", final=True)
    assert (settled["status"], settled.get("reason")) == ("refused", "late")
    assert light.model.acted == []


async def test_deaf_light_that_reports_past_the_deadline_settles_the_press(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    light.deaf = True
    await phone.press(patience_ms=100)
    await phone.until("outcome", status="unconfirmed")
    await light.report()
    assert (await phone.until("outcome", final=True))["status"] == "not_applied"


async def test_rebooted_light_loses_the_press(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    light.deaf = True
    await phone.press(patience_ms=10_000)
    await light.hears(1)
    await light.reboot()
    assert (await phone.until("outcome", final=True))["status"] == "lost_in_reboot"
    assert light.model.acted == []


async def test_phone_that_reconnects_gets_only_what_is_newer(house: House) -> None:
    light = await house.light()
    hall = await house.light("hall")
    have = {"kitchen": {"version": [1, 0], "online": True}, "hall": {"version": [1, 0], "online": True}}
    welcome = (await house.phone(have=have)).welcome
    assert welcome["lights"] == []
    assert {clock["id"]: clock["boot"] for clock in welcome["clocks"]} == {
        "kitchen": light.model.boot,
        "hall": hall.model.boot,
    }
    await light.press_button("ON")
    await house.until(lambda: house.bridge.presses.lights.by_name["kitchen"].report.version == (1, 1))
    (news,) = (await house.phone(have=have)).welcome["lights"]
    assert (news["id"], news["state"]) == ("kitchen", "ON")


@pytest.mark.parametrize("first", ["not json", '{"type":"ping","n":1}', b"\x00\x01"])
async def test_socket_that_does_not_say_hello_first_is_closed(house: House, first: str | bytes) -> None:
    phone = await house.stranger()
    await phone.send(first)
    assert (await phone.next())["code"] == "hello_expected"
    assert await phone.closed() == CloseCode.HELLO_EXPECTED


async def test_bad_token_is_closed(house: House) -> None:
    phone = await house.stranger()
    await phone.send({"type": "hello", "versions": [1], "token": "x"})
    assert (await phone.next())["code"] == "unauthenticated"
    assert await phone.closed() == CloseCode.UNAUTHENTICATED


async def test_unknown_version_is_closed(house: House) -> None:
    phone = await house.stranger()
    await phone.send({"type": "hello", "versions": [2, 9], "token": house.token})
    assert (await phone.next())["code"] == "unsupported_version"
    assert await phone.closed() == CloseCode.UNSUPPORTED_VERSION


async def test_bad_frames_harm_nobody_and_many_close(house: House) -> None:
    await house.light()
    bad, good = await house.phone(), await house.phone()
    for frame in ("{", b"\xff\xfe", json.dumps({"type": "press", "key": key()}), "x" * 20_000):
        await bad.send(frame)
        assert (await bad.until("error"))["code"] in ("malformed", "invalid", "too_large")
    await good.press()
    await good.until("outcome", status="applied")
    for _ in range(20):
        await bad.send("{")
    assert await bad.closed() == CloseCode.ABUSE
    assert await house.metric("presslight_errors_total", code="malformed") >= 18
    assert await house.metric("presslight_errors_total", code="too_large") == 1


def is_later(frame: dict[str, Any]) -> bool:
    """Whether this is not the first word on its press; a busy machine may leave one unconfirmed."""
    return bool(frame.get("final")) or frame.get("status") == "unconfirmed"


async def test_flood_of_one_phone_is_limited_and_the_others_do_not_notice(house: House) -> None:
    await house.light()
    flooder = await house.phone()
    other = await house.phone(issue_token(house.bridge.settings.store, "bob"))
    for number in range(1, 701):
        await flooder.press(number)
    await other.press(1, key="f" * 16 + "-1", patience_ms=10_000)
    assert (await other.until("outcome", final=True))["status"] == "applied"
    words = []
    for _ in range(700):
        while (frame := await flooder.next())["type"] not in ("error", "outcome") or is_later(frame):
            pass
        words.append(frame.get("code") or frame["status"])
    assert set(words) == {"accepted", "rate_limited"}
    assert 100 <= words.count("accepted") < 700
    assert await house.metric("presslight_errors_total", code="rate_limited") == words.count("rate_limited")


@pytest.fixture
async def hasty(closed_house: House) -> House:
    """A bridge that waits for no hello."""
    await closed_house.open(hello_ms=50)
    return closed_house


async def test_silence_before_hello_closes(hasty: House) -> None:
    phone = await hasty.stranger()
    assert (await phone.next())["code"] == "hello_timeout"
    assert await phone.closed() == CloseCode.HELLO_TIMEOUT


@pytest.mark.parametrize("part", [b"\x81", b"\x81\xfe\x10\x00" + bytes(4) + b"{", b"\x01\x80" + bytes(4)])
async def test_half_a_frame_is_silence(hasty: House, part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_shell, "FAREWELL_S", 0.05)  # our closing would be the rest of that frame
    phone = await hasty.stranger()
    phone.socket.transport.write(part)
    assert (await phone.next())["code"] == "hello_timeout"
    assert await phone.closed() == CloseCode.HELLO_TIMEOUT


async def test_phone_that_answers_no_ping_is_closed(closed_house: House) -> None:
    await closed_house.open(ping_ms=40)
    phone = await closed_house.phone()
    assert phone.welcome["ping_ms"] == 40
    assert (await phone.until("error"))["code"] == "silent_phone"
    assert await phone.closed() == CloseCode.SILENT


async def test_phone_that_never_reads_is_dropped_and_the_others_do_not_notice(closed_house: House) -> None:
    house = closed_house
    await house.open(drain_ms=200, press_rate=1_000_000, press_burst=1_000_000)
    light = await house.light()
    good = await house.phone()
    host, port = house.server.url.removeprefix("http://").split(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(deaf, (host, int(port)))
        await loop.sock_sendall(deaf, UPGRADE)
        assert b" 101 " in await loop.sock_recv(deaf, 1_000)
        await loop.sock_sendall(deaf, masked({"type": "hello", "versions": [1], "token": house.token}))
        await house.until(lambda: len(house.bridge.phones.connected) == 2)
        ping = masked({"type": "ping", "n": 1})
        flood = asyncio.create_task(loop.sock_sendall(deaf, ping * 100_000))
        try:
            await house.until(lambda: len(house.bridge.phones.connected) == 1)
        finally:
            flood.cancel()
            await asyncio.wait([flood])
            if not flood.cancelled():
                flood.exception()
    await good.press()
    assert (await good.until("outcome", final=True))["status"] == "applied"
    assert light.model.acted
    assert await house.metric("presslight_errors_total", code="slow_phone") == 1


async def test_phone_that_goes_away_without_a_word_is_forgotten(house: House) -> None:
    await house.light()
    phone = await house.phone()
    await phone.press()
    phone.socket.transport.abort()
    await house.until(lambda: not house.bridge.phones.connected)
    other = await house.phone()
    await other.press()
    assert (await other.until("outcome", final=True))["status"] == "applied"


def open_protocols() -> int:
    """How many connections Python keeps anything of."""
    return sum(isinstance(each, HttpProtocol | WebSocketProtocol) for each in gc.get_objects())


@pytest.mark.parametrize("code", [CloseCode.UNAUTHENTICATED, CloseCode.RATE_LIMITED])
async def test_nothing_is_kept_of_a_phone_that_was_sent_away_and_is_gone(
    house: House, code: CloseCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python stands everybody still while it looks for what keeps itself: it must have nothing to find."""
    monkeypatch.setattr("presslight.cloud.websocket.endpoint.FAREWELL_S", 1_000)
    monkeypatch.setattr("presslight.cloud.websocket.endpoint.PENANCE_S", 0.01)
    monkeypatch.setattr("presslight.cloud.uvicorn_protocols.websocket_protocol.IGNORED_INPUT_S", 0.1)
    gc.collect()
    gc.disable()
    try:
        before = open_protocols()
        phone = await house.stranger()
        for _ in range(FRAMES_OF_A_STRANGER if code is CloseCode.RATE_LIMITED else 0):
            _ = await phone.socket.ping()
        await phone.send({"type": "hello", "versions": [1], "token": "x" * 43})
        assert await phone.closed() == code
        await phone.__aexit__(None, None, None)
        await house.until(lambda: open_protocols() == before)
    finally:
        gc.enable()


async def test_nothing_is_kept_of_a_phone_that_goes(house: House) -> None:
    await house.light()
    gc.collect()
    gc.disable()
    try:
        before = open_protocols()
        phone = await house.phone()
        await phone.press(1)
        await phone.until("outcome", final=True)
        await phone.__aexit__(None, None, None)
        await house.until(lambda: open_protocols() == before)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"Connection: close\r\n\r\n", id="once"),
        pytest.param(b"\r\n", id="and stays"),
        pytest.param(b"\r\nGET /healthz HTTP/1.1\r\n", id="and asks on"),
    ],
)
@pytest.mark.parametrize("resets", [False, True], ids=["closes", "resets"])
async def test_nothing_is_kept_of_a_connection_that_asked_over_http(house: House, rest: bytes, resets: bool) -> None:
    gc.collect()
    gc.disable()
    try:
        before = open_protocols()
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(house.server.url).port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + rest)
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        if resets:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
        await house.until(lambda: open_protocols() == before)
    finally:
        gc.enable()


async def test_revoked_token_closes_its_sockets(house: House) -> None:
    store = house.bridge.settings.store
    ann, bob = await house.phone(), await house.phone(issue_token(store, "bob"))
    assert len(revoke_tokens(store, "bob")) == 1
    assert (await bob.until("error"))["code"] == "unauthenticated"
    assert await bob.closed() == CloseCode.UNAUTHENTICATED
    await ann.send({"type": "ping", "n": 5})
    await ann.until("pong", n=5)


async def test_expired_token_closes_its_sockets(house: House) -> None:
    ann, bob = await house.phone(), await house.phone(issue_token(house.bridge.settings.store, "bob", lasts_s=3))
    assert (await bob.until("error"))["code"] == "unauthenticated"
    assert await bob.closed() == CloseCode.UNAUTHENTICATED
    await ann.send({"type": "ping", "n": 5})
    await ann.until("pong", n=5)


async def test_list_of_tokens_says_that_a_socket_uses_one(house: House) -> None:
    await house.phone()
    await house.until(lambda: list_tokens(house.bridge.settings.store)[0].used_at is not None)


async def test_house_that_is_full_sends_the_next_phone_away(closed_house: House) -> None:
    house = closed_house
    await house.open(max_phones=1)
    await house.phone()
    phone = await house.stranger()
    await phone.send({"type": "hello", "versions": [1], "token": house.token})
    assert (await phone.next())["code"] == "overloaded"
    assert await phone.closed() == CloseCode.OVERLOADED


async def test_hundred_phones_are_all_told(closed_house: House) -> None:
    house = closed_house
    await house.open(max_sockets=100, press_rate=1_000, press_burst=1_000)
    light = await house.light()
    phones = [await house.phone() for _ in range(100)]
    assert await house.metric("presslight_phones") == 100
    await light.press_button("ON")
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*(phone.sees(state="ON") for phone in phones))


@pytest.mark.parametrize("path", ["/wsx", "/", "/api/lights"])
async def test_websocket_elsewhere_is_refused(house: House, path: str) -> None:
    with pytest.raises(Exception, match="403") as refused:
        await connect(house.server.url.replace("http", "ws") + path)
    assert not isinstance(refused.value, ConnectionClosed)


async def test_slow_phone_does_not_hold_up_the_end(house: House) -> None:
    phone = await house.phone()
    assert isinstance(phone, RawPhone)
    await house.server.__aexit__(None, None, None)
    assert await phone.closed() == CloseCode.RESTART
