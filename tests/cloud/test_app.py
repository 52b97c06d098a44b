"""The application under any ASGI server: plain ASGI messages, without our extension `ShortWay`."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from presslight.cloud.app import create_app
from presslight.cloud.settings import Settings
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import CloseCode
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S


class Plain:
    """One WebSocket in ASGI events."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.to_phone: asyncio.Queue[Any] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()

    async def __aenter__(self) -> "Plain":
        scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b"", "subprotocols": []}
        self.task = asyncio.ensure_future(self.app(scope, self.to_app.get, self.take))
        self.to_app.put_nowait({"type": "websocket.connect"})
        assert (await self.heard())["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait([self.task])

    async def take(self, message: Any) -> None:
        await self.reads.wait()
        self.to_phone.put_nowait(message)

    async def heard(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_S):
            message: dict[str, Any] = await self.to_phone.get()
        return message

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads((await self.heard())["text"])
        return frame

    def send(self, frame: dict[str, Any]) -> None:
        self.to_app.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a broker that does not exist."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = BrokerAddress(host="127.0.0.1", port=taken.getsockname()[1])
    return Settings(broker=broker, store=tmp_path / "presses.db", hello_ms=100, drain_ms=100)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        yield made


def hello(settings: Settings) -> dict[str, Any]:
    return {"type": "hello", "versions": [1], "token": issue_token(settings.store, "ann")}


async def test_lifespan_runs_the_bridge(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/readyz")).status_code == 503


async def test_phone_talks_under_any_server(app: FastAPI, settings: Settings) -> None:
    async with Plain(app) as phone:
        phone.send(hello(settings))
        assert (await phone.frame())["type"] == "welcome"
        assert await phone.frame() == {"type": "ping", "n": 1}
        phone.to_app.put_nowait({"type": "websocket.receive", "bytes": b"\x00"})
        assert (await phone.frame())["code"] == "malformed"
        phone.send({"type": "press", "key": key(), "light": "kitchen", "set": {"state": "ON"}})
        assert (await phone.frame())["reason"] == "broker_away"
    assert app.state.bridge.phones.connected == set()


async def test_silence_is_ended_under_any_server(app: FastAPI) -> None:
    async with Plain(app) as phone:
        assert (await phone.frame())["code"] == "hello_timeout"
        closed = await phone.heard()
        assert (closed["type"], closed["code"]) == ("websocket.close", CloseCode.HELLO_TIMEOUT)


async def test_phone_that_never_reads_is_dropped_under_any_server(app: FastAPI, settings: Settings) -> None:
    async with Plain(app) as phone:
        phone.send(hello(settings))
        await phone.frame()
        await phone.frame()
        phone.reads.clear()
        phone.send({"type": "ping", "n": 1})
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait([phone.task])
    assert phone.task.cancelled()
    assert app.state.bridge.phones.connected == set()
