"""One WebSocket to the bridge, from hello to its end."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection

from presslight.contract import tcp
from presslight.contract.cancelling import raise_if_cancelled
from presslight.contract.errors import ContractError
from presslight.contract.phone import (
    BrokerStatus,
    Have,
    Hello,
    LightChanged,
    LightGone,
    Ping,
    Pong,
    PressOutcome,
    Problem,
    Welcome,
)
from presslight.contract.phone_codec import decode_bridge_frame, encode
from presslight.contract.phone_rules import HANDSHAKE_MS
from presslight.contract.words import WIRE_VERSION
from presslight.mobile_sim.clock import now_ms, wait_for_event
from presslight.mobile_sim.heartbeat import Heartbeat

log = logging.getLogger(__name__)

FLUSH_S = 1
MAX_UNSENT = 2_048

Pushed = LightChanged | LightGone | BrokerStatus | PressOutcome | Problem
Frame = Welcome | Pushed | Ping | Pong


@dataclass(frozen=True)
class LinkListener:
    """Callbacks of a link. `have`: lights shown already; `welcomed`: it is up; `heard`: a frame; `lost`: it is down."""

    have: Callable[[], dict[str, Have]]
    welcomed: Callable[[Welcome], None]
    heard: Callable[[Pushed], None]
    lost: Callable[[], None]


class Silent(Exception):
    """The socket looks alive, but nothing comes any more."""


class Connection:
    """Reads, writes and pings on one open socket. `ignored` counts frames that made no sense, by code."""

    def __init__(self, wire: ClientConnection, listener: LinkListener, ignored: Counter[str]) -> None:
        tcp.tune(wire.transport.get_extra_info("socket"))
        self._wire = wire
        self._listener = listener
        self._ignored = ignored
        self._unsent: asyncio.Queue[str] = asyncio.Queue(MAX_UNSENT)
        self._heart = Heartbeat(HANDSHAKE_MS, 0, now_ms())
        self._stirred = asyncio.Event()
        self.problem: Problem | None = None
        """The bridge's last error that is about no press."""

    @property
    def rtt_ms(self) -> float:
        """The smoothed round trip to the bridge."""
        return self._heart.rtt_ms

    def send(self, frame: BaseModel) -> None:
        """Hand a frame over without waiting. If the socket is stuck, it is not sent: the press will be, again."""
        try:
            self._unsent.put_nowait(encode(frame))
        except asyncio.QueueFull:
            self._ignored["unsent"] += 1

    def doubt(self) -> None:
        """A press got no answer over it: see whether it is alive at all."""
        self._heart.doubt(now_ms())
        self._stirred.set()

    async def greet(self, token: str, client: str, within_ms: float) -> Welcome:
        """Send the hello and wait for the welcome, at most `within_ms`.

        Raises TimeoutError, or ConnectionClosed with the bridge's reason.
        """
        have = self._listener.have()
        hello = Hello(type="hello", versions=(WIRE_VERSION,), token=token, client=client, have=have)
        asked = now_ms()
        async with asyncio.timeout(max(0.0, within_ms) / 1_000):
            await self._wire.send(encode(hello))
            while not isinstance(frame := await self._receive(), Welcome):
                if isinstance(frame, Problem):
                    self.problem = frame
        now = now_ms()
        self._heart = Heartbeat(frame.ping_ms, now - asked, now)
        return frame

    async def live(self) -> None:
        """Serve until the socket ends. Raises ConnectionClosed or Silent, in a group."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_queued(), name="phone: writer")
                group.create_task(self._beat(), name="phone: heartbeat")
                while True:
                    self._dispatch(await self._receive())
        except ExceptionGroup:
            await raise_if_cancelled()
            raise

    def _dispatch(self, frame: Frame | None) -> None:
        match frame:
            case Ping(n=n):
                self.send(Pong(n=n))
            case Pong(n=n):
                self._heart.pong(n, now_ms())
                self._stirred.set()
            case Problem(key=None):
                self.problem = frame
                log.warning("the bridge complains: %s (%s)", frame.message, frame.code)
            case LightChanged() | LightGone() | BrokerStatus() | PressOutcome() | Problem():
                self._listener.heard(frame)
            case Welcome() | None:
                pass  # a second welcome says nothing new; None made no sense, and is counted
            case _:
                assert_never(frame)

    async def _receive(self) -> Frame | None:
        text = await self._wire.recv()
        self._heart.on_frame(now_ms())
        try:
            return decode_bridge_frame(text)
        except ContractError as error:
            self._ignored[error.code] += 1
            log.warning("a frame from the bridge made no sense: %s", error)
            return None

    async def flush(self) -> None:
        """Wait until everything handed over has been written, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await self._unsent.join()

    async def _send_queued(self) -> None:
        while True:
            await self._wire.send(await self._unsent.get())
            self._unsent.task_done()

    async def _beat(self) -> None:
        while not self._heart.is_silent(now_ms()):
            if (n := self._heart.due(now_ms())) is not None:
                self.send(Ping(n=n))
            await wait_for_event(self._stirred, self._heart.wake_at - now_ms())
        self._wire.transport.abort()
        raise Silent("the bridge fell silent")
