"""An honest little bridge with lights in memory, speaking the contract's frames; each test makes it fail its way."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Self

from pydantic import BaseModel
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from presslight.contract.errors import MEANINGS, CloseCode, ErrorCode
from presslight.contract.phone import (
    Clock,
    Hello,
    Legs,
    LightChanged,
    Limits,
    Ping,
    Pong,
    Press,
    PressOutcome,
    Problem,
    Shown,
    View,
    Welcome,
)
from presslight.contract.phone_codec import decode_phone_frame, encode
from presslight.contract.words import PressStatus, Reason
from tests.ports import lasting

TOKEN = "a-good-token"
BOOT = "0badcafe"

Answer = Callable[["Visit", Press], Awaitable[None]]


def view(light: str = "kitchen", **changes: object) -> View:
    plain = View(
        id=light,
        online=True,
        state="OFF",
        brightness=128,
        traits=("on_off", "brightness"),
        version=(1, 1),
        boot=BOOT,
        up=60_000,
    )
    return plain.model_copy(update=changes)


class Visit:
    """One phone's socket, as the bridge sees it."""

    def __init__(self, bridge: "FakeBridge", socket: ServerConnection) -> None:
        self.bridge = bridge
        self.socket = socket
        self.heard: list[BaseModel] = []
        self.is_stranded = False

    async def say(self, frame: BaseModel | str) -> None:
        await self.socket.send(frame if isinstance(frame, str) else encode(frame))

    async def status(
        self, press: Press, status: PressStatus, reason: Reason | None = None, legs: Legs | None = None
    ) -> None:
        version = self.bridge.lights[press.light].version if status is PressStatus.APPLIED else None
        await self.say(
            PressOutcome(
                key=press.key,
                light=press.light,
                status=status,
                final=status.final,
                reason=reason,
                version=version,
                legs=legs,
            )
        )

    async def problem(self, code: ErrorCode, key: str | None = None) -> None:
        meaning = MEANINGS[code]
        await self.say(Problem(code=code, message=meaning.message, retry=meaning.retry, key=key))

    async def close(self, code: int) -> None:
        await self.socket.close(code)


class FakeBridge:
    """`answer` is what it does with a press; the default stores it, lets the light act, and says so."""

    def __init__(self, *lights: View, broker: bool = True, ping_ms: int = 10_000) -> None:
        self.lights = {light.id: light for light in lights or (view(),)}
        self.broker = broker
        self.ping_ms = ping_ms
        self.limits = Limits(presses_per_s=50, burst=100)
        self.answer: Answer = apply
        self.hellos: list[Hello] = []
        self.presses: list[Press] = []
        self.shown: list[Shown] = []
        self.pongs: list[Pong] = []
        self.applied: Counter[str] = Counter()
        self.visits: list[Visit] = []
        self.answers_pings = True
        self._news = asyncio.Event()
        self._server: Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._port = self._port or lasting()
        self._server = await serve(self._serve, "127.0.0.1", self._port, compression=None, close_timeout=0.2)

    async def stop(self, code: int = CloseCode.RESTART) -> None:
        if self._server is not None:
            await asyncio.gather(*(visit.close(code) for visit in self.visits))
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what the bridge has heard makes `condition` true."""
        async with asyncio.timeout(20):
            while not condition():
                await self._news.wait()

    async def change(self, light: str, **changes: object) -> None:
        """A light changed, and every phone is told."""
        self.lights[light] = self.lights[light].model_copy(update=changes)
        await asyncio.gather(*(visit.say(LightChanged(light=self.lights[light])) for visit in self.visits))

    async def _serve(self, socket: ServerConnection) -> None:
        visit = Visit(self, socket)
        try:
            hello = decode_phone_frame(await socket.recv())
            assert isinstance(hello, Hello)
            await self._greet(visit, hello)
            async for text in socket:
                if not visit.is_stranded:
                    await self._hear(visit, decode_phone_frame(text))
        except ConnectionClosed:
            return
        finally:
            if visit in self.visits:
                self.visits.remove(visit)
                self._tell()

    async def _greet(self, visit: Visit, hello: Hello) -> None:
        self.hellos.append(hello)
        self._tell()
        if hello.token != TOKEN:
            await visit.problem(ErrorCode.UNAUTHENTICATED)
            await visit.close(CloseCode.UNAUTHENTICATED)
            return
        self.visits.append(visit)
        await visit.say(
            Welcome(
                bridge="fake",
                phone="test",
                ping_ms=self.ping_ms,
                limits=self.limits,
                broker=self.broker,
                lights=tuple(light for light in self.lights.values() if self._is_news(light, hello)),
                clocks=tuple(
                    Clock(id=light.id, boot=light.boot, up=light.up)
                    for light in self.lights.values()
                    if not self._is_news(light, hello)
                ),
            )
        )

    def _is_news(self, light: View, hello: Hello) -> bool:
        had = hello.have.get(light.id)
        return had is None or had.version < light.version or had.online != light.online

    async def _hear(self, visit: Visit, frame: BaseModel) -> None:
        visit.heard.append(frame)
        match frame:
            case Press():
                self.presses.append(frame)
                self._tell()
                await self.answer(visit, frame)
            case Ping(n=n) if self.answers_pings:
                await visit.say(Pong(n=n))
            case Shown():
                self.shown.append(frame)
            case Pong():
                self.pongs.append(frame)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def apply(visit: Visit, press: Press) -> None:
    """Accept, act once, tell."""
    await visit.status(press, PressStatus.ACCEPTED)
    await act(visit, press)
    await visit.status(press, PressStatus.APPLIED, legs=Legs(bridge_us=900, ack_us=300, light_us=100))


async def act(visit: Visit, press: Press) -> None:
    """The light acts on a press, unless it did so before."""
    bridge = visit.bridge
    if not bridge.applied[press.key]:
        bridge.applied[press.key] += 1
        epoch, seq = bridge.lights[press.light].version
        wanted = {name: value for name, value in press.set.attributes().items() if value is not None}
        await bridge.change(press.light, **wanted, version=(epoch, seq + 1))


async def accept(visit: Visit, press: Press) -> None:
    """Accept, and no more."""
    await visit.status(press, PressStatus.ACCEPTED)


async def ignore(visit: Visit, press: Press) -> None:
    """Read it, and do nothing."""


def refuse(code: ErrorCode) -> Answer:
    async def answer(visit: Visit, press: Press) -> None:
        await visit.problem(code, press.key)

    return answer


def first(once: Answer, then: Answer = apply) -> Answer:
    """One answer to the first press, another to all after it."""
    answers = iter([once])

    async def answer(visit: Visit, press: Press) -> None:
        await next(answers, then)(visit, press)

    return answer
