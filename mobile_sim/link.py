"""The phone's link to the bridge: one warm WebSocket after another, until it is ended or turned away."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from presslight.contract.cancelling import raise_if_cancelled
from presslight.contract.phone import Problem
from presslight.contract.phone_rules import FINAL_CLOSE_CODES, HANDSHAKE_MS
from presslight.mobile_sim.backoff import Backoff
from presslight.mobile_sim.clock import now_ms, wait_for_event
from presslight.mobile_sim.connection import Connection, LinkListener, Silent
from presslight.mobile_sim.errors import TurnedAway, Unreachable
from presslight.mobile_sim.trouble import describe

log = logging.getLogger(__name__)

MAX_INCOMING_BYTES = 1_048_576
CLOSING_S = 1


class Link:
    """Keeps a WebSocket up between `start` and `stop`; `send` never waits. `url`: its own, ws[s]://…/ws."""

    def __init__(
        self, url: str, token: str, listener: LinkListener, *, client: str, backoff: Backoff | None = None
    ) -> None:
        self._url = url
        self._token = token
        self._listener = listener
        self._client = client
        self._backoff = backoff or Backoff()
        self._task: asyncio.Task[None] | None = None
        self._now: Connection | None = None
        self._problem: Problem | None = None
        self._hurry = asyncio.Event()
        self._answered = False
        self._lived_ms = 0.0
        self.trouble = "no answer yet"
        """The last failure, in a clause for people."""
        self.ignored: Counter[str] = Counter()
        """Frames that came and made no sense, by code; `unsent`: frames that found the socket stuck."""

    @property
    def rtt_ms(self) -> float | None:
        """The smoothed round trip to the bridge; None while the link is down."""
        return self._now.rtt_ms if self._now else None

    @property
    def is_started(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._task is not None

    def send(self, frame: BaseModel) -> None:
        """Hand a frame to the socket. One that cannot leave is lost with the link."""
        if self._now:
            self._now.send(frame)

    def doubt(self) -> None:
        """A press got no answer: have the socket prove that it is alive, or make a new one soon."""
        if self._now:
            self._now.doubt()

    def hurry(self) -> None:
        """A finger is waiting: cut the wait for the next attempt short."""
        self._hurry.set()

    def start(self, ended: Callable[[], None]) -> None:
        """Connect, and keep connecting. `ended` is called if that is over before `stop`: `check` tells why."""
        self._task = asyncio.create_task(self._run(), name="phone: link")
        self._task.add_done_callback(lambda _: ended())

    def raise_if_refused(self) -> None:
        """Raise TurnedAway if the bridge wants no more of this phone, Unreachable if the link was not started."""
        if self._task is None:
            raise Unreachable("this phone is not switched on: `async with Phone(…) as phone`")
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Let what was sent leave, and hang up."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            if self._now:
                await self._now.flush()
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled() and not isinstance(task.exception(), TurnedAway):
            task.result()

    async def _run(self) -> None:
        while True:
            errors, self._problem = list[BaseException](), None
            self._answered, self._lived_ms = False, 0.0
            try:
                await self._live()
            except* (OSError, EOFError, WebSocketException, Silent) as group:
                errors = list(leaves(group))
            await raise_if_cancelled()
            self._judge(errors)
            pause = self._backoff.after(self._lived_ms, answered=self._answered)
            log.info("no link to the bridge (%s); next try in %.0f ms", self.trouble, pause)
            await wait_for_event(self._hurry, pause)

    async def _live(self) -> None:
        welcome_by = now_ms() + HANDSHAKE_MS
        async with _opened(self._url) as wire:
            self._answered = True
            connection = Connection(wire, self._listener, self.ignored)
            try:
                welcome = await connection.greet(self._token, self._client, welcome_by - now_ms())
                self._now = connection
                self._listener.welcomed(welcome)
                await self._until_lost(connection)
            finally:
                self._problem = connection.problem
                self._lose()

    async def _until_lost(self, connection: Connection) -> None:
        welcomed = now_ms()
        try:
            await connection.live()
        finally:
            self._lived_ms = now_ms() - welcomed

    def _lose(self) -> None:
        if self._now:
            self._now = None
            self._listener.lost()

    def _judge(self, errors: list[BaseException]) -> None:
        codes = [error.rcvd.code for error in errors if isinstance(error, ConnectionClosed) and error.rcvd]
        said = [self._problem.message] if self._problem else [describe(error) for error in errors]
        self.trouble = "; ".join(dict.fromkeys(said)) or "the link ended"
        for code in codes:
            if is_final(code):
                raise TurnedAway(code, f"{self.trouble.rstrip('.')} (closed with {code})")


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[ClientConnection]:
    """A WebSocket, closed at the end also where its closing is cancelled: websockets would leave the socket open."""
    wire = await connect(
        url,
        compression=None,
        max_size=MAX_INCOMING_BYTES,
        open_timeout=HANDSHAKE_MS / 1_000,
        close_timeout=CLOSING_S,
        ping_interval=None,
        proxy=None,  # it would be part of what is measured
    )
    try:
        yield wire
    finally:
        try:
            await wire.close()
        finally:
            wire.transport.abort()  # nothing happens where it is closed


def is_final(close_code: int) -> bool:
    """True for 41xx: the same phone would be closed again."""
    return close_code in FINAL_CLOSE_CODES


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions in a group of groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
