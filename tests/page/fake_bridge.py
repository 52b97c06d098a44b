"""The bridge as a test plays it: what the page sends is waited for, what it hears is written out frame by frame."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Route, WebSocketRoute

from presslight.cloud.http.pages import FOLDER, HEADERS, Pages
from presslight.cloud.websocket.early_hello import early_hello

SITE = "http://page.test/"
LINK = f"{SITE}#token=good"
HEARD_S = 10
PAGES = Pages()

Frame = dict[str, Any]


async def serve_page(context: BrowserContext) -> None:
    """Answer http://page.test/ and each folder below it as a bridge does, with no server and no network.

    Beside the page: its modules as files, and `blank`, where they may be imported.
    """
    document = PAGES.document()
    headers = {**HEADERS, "Content-Security-Policy": document.policy}

    async def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.rpartition("/")[2]
        if name in ("", "index.html"):
            return await route.fulfill(body=document.body, headers=headers, content_type="text/html; charset=utf-8")
        if name == "blank":
            return await route.fulfill(body="", content_type="text/html")
        return await route.fulfill(path=FOLDER / name)

    await context.route(f"{SITE}**", answer)


def view(name: str = "kitchen", *, seq: int = 1, **changes: Any) -> Frame:
    """A light as the bridge tells of it."""
    return {
        "id": name,
        "online": True,
        "state": "OFF",
        "brightness": 255,
        "traits": ["on_off", "brightness"],
        "version": [1, seq],
        "boot": "00000001",
        "up": 60_000,
        "age_ms": 0,
    } | changes


class FakeBridge:
    """`frames`: everything that the page sent, in order; `sockets`: how often it connected."""

    def __init__(self) -> None:
        self.lights: list[Frame] = [view()]
        self.clocks: list[Frame] = []
        self.gone: list[str] = []
        self.broker = True
        self.welcomes = True
        self.answers_pings = True
        self.sockets = 0
        self.frames: list[Frame] = []
        self.posts: list[Frame] = []
        self.post_problem: tuple[int, Frame] | None = None
        self._heard = asyncio.Condition()
        self._socket: WebSocketRoute | None = None

    @classmethod
    async def behind(cls, context: BrowserContext) -> Self:
        """Serve the page to this context, and stand behind it."""
        await serve_page(context)
        bridge = cls()
        await context.route_web_socket("**/ws", bridge._open)
        await context.route("**/api/**", bridge._post)
        return bridge

    async def next(self, kind: str, where: Callable[[Frame], bool] = lambda _: True, *, after: int = 0) -> Frame:
        """The first frame of this type from number `after` on; waits for it."""

        def found() -> Frame | None:
            return next((f for f in self.frames[after:] if f["type"] == kind and where(f)), None)

        async with asyncio.timeout(HEARD_S), self._heard:
            await self._heard.wait_for(lambda: found() is not None)
        frame = found()
        assert frame is not None
        return frame

    async def posted(self, count: int = 1) -> Frame:
        """The newest press over HTTP, once there are `count` of them."""
        async with asyncio.timeout(HEARD_S), self._heard:
            await self._heard.wait_for(lambda: len(self.posts) >= count)
        return self.posts[-1]

    async def connected(self, count: int) -> None:
        """Wait until the page has opened its `count`th socket."""
        async with asyncio.timeout(HEARD_S), self._heard:
            await self._heard.wait_for(lambda: self.sockets >= count)

    def presses(self) -> list[Frame]:
        """Every copy of every press that came over the socket."""
        return [frame for frame in self.frames if frame["type"] == "press"]

    def send(self, frame: Frame) -> None:
        """Say something to the page."""
        assert self._socket is not None
        self._socket.send(json.dumps(frame))

    def tell(self, press: Frame, status: str, **more: Any) -> None:
        """Say a word on a press."""
        final = status not in {"accepted", "unconfirmed"}
        self.send(
            {"type": "outcome", "key": press["key"], "light": press["light"], "status": status, "final": final} | more
        )

    def apply(self, press: Frame, seq: int, **more: Any) -> None:
        """What a light that acts at once makes the bridge say."""
        legs = {"bridge_us": 4_000, "light_us": 300}
        self.tell(press, "accepted")
        self.tell(press, "applied", version=[1, seq], legs=legs)
        self.send({"type": "light", "light": view(press["light"], seq=seq, **press["set"] | more)})

    async def close(self, code: int) -> None:
        """End the socket as the bridge does."""
        assert self._socket is not None
        await self._socket.close(code=code)

    async def _open(self, socket: WebSocketRoute) -> None:
        socket.on_message(self._hear)
        async with self._heard:
            self._socket = socket
            self.sockets += 1
            self._heard.notify_all()
        hello = early_hello(socket.protocols)
        if hello is not None:
            await self._hear(hello)

    async def _hear(self, text: str | bytes) -> None:
        frame = json.loads(text)
        if frame["type"] == "hello" and self.welcomes:
            self.send(self._welcome())
        if frame["type"] == "ping" and self.answers_pings:
            self.send({"type": "pong", "n": frame["n"]})
        async with self._heard:
            self.frames.append(frame)
            self._heard.notify_all()

    async def _post(self, route: Route) -> None:
        request = route.request
        async with self._heard:
            self.posts.append({"url": request.url, "headers": request.headers, "body": request.post_data_json})
            self._heard.notify_all()
        if self.post_problem is not None:
            status, problem = self.post_problem
            return await route.fulfill(json=problem, status=status)
        key = request.headers["idempotency-key"]
        answer = {"type": "outcome", "key": key, "light": "kitchen", "status": "accepted", "final": False}
        return await route.fulfill(json=answer, status=202)

    def _welcome(self) -> Frame:
        limits = {"frame_bytes": 16_384, "presses_per_s": 50, "burst": 100}
        return {
            "type": "welcome",
            "version": 1,
            "bridge": "bridge",
            "phone": "demo",
            "ping_ms": 5_000,
            "limits": limits,
            "broker": self.broker,
            "lights": self.lights,
            "clocks": self.clocks,
            "gone": self.gone,
        }
