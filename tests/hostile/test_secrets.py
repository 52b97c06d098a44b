"""No token and no password stands in any log, at any level, whatever fails."""

import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from presslight.cloud.bridge import Bridge
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.presses import Presses
from presslight.cloud.http.pages import Pages
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.store.store import Store
from presslight.cloud.telemetry.logs import configure
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.websocket.session import Session
from presslight.contract.topics import BRIDGE_USER
from tests.cloud.conftest import House

HANDLERS = [
    (Bridge, "principal_of"), (Bridge, "is_within_press_rate"), (Bridge, "join"), (Bridge, "on_no_upgrade"),
    (Store, "phone_of"), (Store, "written_elsewhere"),
    (Presses, "ask"), (Presses, "status_of"), (Presses, "on_report"), (Presses, "on_time"),
    (Lights, "news_for"), (Metrics, "text"), (Inbox, "receive"), (Pages, "__call__"), (Session, "on_text"),
    (Session, "on_binary"), (Session, "on_time"),
]  # fmt: skip
"""What requests, frames, messages and time come to."""

_HELLO = "presslight.hello."


@pytest.fixture(autouse=True)
def logged() -> Iterator[None]:
    """Logs as a user has them who wants to see all."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure("console", logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client of these tests logs where it goes
    yield
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    logging.getLogger("presslight").setLevel(logging.NOTSET)
    for made in root.handlers:
        made.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def offered(hello: str) -> list[Subprotocol]:
    """The subprotocols with which a page says hello."""
    return [Subprotocol("presslight"), Subprotocol(_HELLO + urlsafe_b64encode(hello.encode()).decode().rstrip("="))]


def written(capfd: pytest.CaptureFixture[str]) -> str:
    for handler in logging.getLogger().handlers:
        handler.flush()
    return capfd.readouterr().err


async def come_to_every_door(house: House, token: str) -> None:
    """Whatever may go wrong at any of them."""
    signed = {"Authorization": f"Bearer {token}"}
    for method, path in [
        ("GET", "/api/lights"), ("GET", "/api/presses/0123456789abcdef-1"), ("GET", "/metrics"), ("GET", "/ws"),
        ("GET", f"/?token={token}"), ("GET", f"/{token}"), ("PUT", f"/api/presses/{token}"),
    ]:  # fmt: skip
        await house.http.request(method, path, headers=signed)
    press = signed | {"Idempotency-Key": token}
    for body in ('{"state":"ON"}', json.dumps({"state": token}), json.dumps({token: "ON"}), token):
        await house.http.post("/api/lights/kitchen/presses", headers=press, content=body)
    hello: dict[str, Any] = {"type": "hello", "versions": [1], "token": token}
    press_frame = {"type": "press", "key": "0123456789abcdef-2", "light": "kitchen", "set": {"state": "ON"}}
    ways: list[list[dict[str, Any] | str | bytes]] = [
        [hello, press_frame, {"type": "shown", "key": "0123456789abcdef-2", "ms": 1}, b"binary"],
        [hello | {"more": 1}],
        [hello | {"client": 1}],
        [json.dumps(hello)[:-1]],
        [token],
        [token.encode()],
    ]
    for frames in ways:
        phone = await house.stranger()
        for frame in frames:
            await phone.send(frame)
        await phone.socket.close()
    for early in (json.dumps(hello), json.dumps(hello)[:-1]):
        with suppress(WebSocketException):  # refused, where the handler fails
            async with connect(f"ws://127.0.0.1:{house.server.port}/ws", subprotocols=offered(early)) as socket:
                await socket.recv()


@pytest.mark.parametrize("handler", [None, *HANDLERS], ids=lambda one: one and f"{one[0].__name__}.{one[1]}")
async def test_no_secret_is_logged(
    house: House, handler: tuple[type, str] | None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = [house.token, house.accounts.password("kitchen"), house.accounts.password(BRIDGE_USER)]
    light = await house.light()

    def fail(*what: object) -> None:
        local = secrets  # a variable of a function that fails
        raise RuntimeError(local[0], what)

    if handler is not None:
        monkeypatch.setattr(*handler, fail)
    for token in (house.token, house.token[::-1]):
        await come_to_every_door(house, token)
    await light.report()
    logging.getLogger("presslight.bridge").debug("the end")
    log = written(capfd)
    assert "the end" in log
    assert _HELLO not in log
    assert [line for line in log.splitlines() if any(secret in line for secret in [*secrets, house.token[::-1]])] == []
