"""A phone with no rules of its own: frames in, frames out, over a real WebSocket."""

import asyncio
import json
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from presslight.contract.phone_codec import decode_bridge_frame
from tests.cloud.ports import key

WAIT_S = 20
"""Bounds every wait; far over what any takes."""
TURNS = 500
"""So many turns of the loop no state goes by unseen; a wait that takes longer is for a time to pass, or a machine."""

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
"""The handshake as bytes, for those who go on with bytes of their own."""


def masked(frame: dict[str, Any], spaces: int = 0) -> bytes:
    text = json.dumps(frame).encode() + b" " * spaces
    head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else b"\x81\xfe" + struct.pack(">H", len(text))
    return head + bytes(4) + text


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so, asking each time the loop comes round, and less often where it takes long."""
    turns = 0
    async with asyncio.timeout(WAIT_S):
        while not condition():  # no single event says all that tests ask for
            turns += 1
            await asyncio.sleep(0 if turns < TURNS else 0.001)


class RawPhone:
    """`async with RawPhone(url, token) as phone:`; it has said hello by then, and `welcome` is the answer.

    Without a token it says nothing by itself. Pings are not answered.
    """

    def __init__(self, url: str, token: str | None, **hello: Any) -> None:
        self.url = url.replace("http", "ws", 1) + "/ws"
        self.token = token
        self.hello = hello
        self.welcome: dict[str, Any] = {}
        self.lights: dict[str, dict[str, Any]] = {}
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await connect(self.url, compression=None, ping_interval=None, max_queue=None)
        if self.token is not None:
            await self.send({"type": "hello", "versions": [1], "token": self.token} | self.hello)
            self.welcome = await self.next()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()

    async def send(self, frame: dict[str, Any] | str | bytes) -> None:
        await self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def press(self, number: int = 1, **more: Any) -> str:
        """Send a press; answers its key."""
        frame = {"type": "press", "key": key(number), "light": "kitchen", "set": {"state": "ON"}} | more
        await self.send(frame)
        return str(frame["key"])

    async def next(self) -> dict[str, Any]:
        """The next frame but pings, checked against the contract."""
        while True:
            async with asyncio.timeout(WAIT_S):
                text = await self.socket.recv()
            assert isinstance(text, str)
            decode_bridge_frame(text)
            frame: dict[str, Any] = json.loads(text)
            for light in frame.get("lights", [frame["light"]] if frame["type"] == "light" else []):
                self.lights[light["id"]] = light
            if frame["type"] != "ping":
                return frame

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next frame of this type in which these fields are so; what comes before it is passed over."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and wanted.items() <= frame.items():
                return frame

    async def sees(self, light: str = "kitchen", **wanted: Any) -> dict[str, Any]:
        """Wait until the light is so, as far as the frames say that were read."""
        while not wanted.items() <= self.lights.get(light, {}).items():
            await self.next()
        return self.lights[light]

    async def closed(self) -> int:
        """Wait for the bridge's closing; answers its code."""
        async with asyncio.timeout(WAIT_S):
            await self.socket.wait_closed()
        assert self.socket.close_code is not None
        return self.socket.close_code
