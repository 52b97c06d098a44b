"""The phone's WebSocket as an ASGI application: one task reads, one writes, one timer watches."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from presslight.cloud.authentication import Connection
from presslight.cloud.core.allowance import Allowance
from presslight.cloud.websocket.early_hello import SUBPROTOCOL, early_hello
from presslight.cloud.websocket.ports import SessionPorts
from presslight.cloud.websocket.session import Session
from presslight.cloud.websocket.session_state import SessionState
from presslight.contract.errors import CloseCode

MOST_AT_ONCE = 32
"""So many frames leave in one write."""

MOST_HEARD_AT_ONCE = 16
"""So many frames of one phone are taken in before the others have a turn."""

MOST_UNSENT = 64
"""While so many words wait for a phone, no further frame of it is read."""

PENANCE_S = 1
"""So long whoever abused its socket is kept before it is closed, unheard: coming back costs us more than staying."""

FAREWELL_S = 10
"""So long a phone may take to answer that we close."""

TOO_MANY = "presslight.too_many"
"""The ASGI message with which a `ShortWay` tells that more frames came than may, and that no more will."""

SHORT_WAY = "presslight.short_way"
"""The ASGI extension that `serve` offers: a ShortWay."""

_ABUSE = (CloseCode.RATE_LIMITED, CloseCode.ABUSE)
_NS_PER_S = 1_000_000_000


class ShortWay(Connection, Protocol):
    """How frames leave."""

    async def send_texts(self, texts: Sequence[str]) -> None:
        """Send text frames, then wait until there is room for more. Raises OSError once the phone is gone."""

    def send_now(self, texts: Sequence[str]) -> bool:
        """Send text frames at once, if there is room. False, and nothing sent, if there is none."""

    def abort(self) -> None:
        """End the connection without waiting for a phone that reads nothing."""

    def abort_after(self, seconds: float) -> None:
        """Do that in so many seconds, if the phone is still there."""

    def use_allowance(self, allowance: Allowance) -> None:
        """From now on count the frames there which the application never sees."""

    def ignore_input(self) -> None:
        """Take in nothing more."""


class _LongWay:
    """The same under any other server."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._task = asyncio.current_task()

    async def send_texts(self, texts: Sequence[str]) -> None:
        for text in texts:
            await self._send({"type": "websocket.send", "text": text})

    def send_now(self, _texts: Sequence[str]) -> bool:
        return False

    def abort(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def abort_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.abort)

    def sign_in(self, allowance: Allowance) -> None:
        """Such a server bounds strangers as it does."""

    def use_allowance(self, allowance: Allowance) -> None:
        """And frames of the WebSocket's own."""

    def ignore_input(self) -> None:
        """Nothing more is asked for."""


class PhoneSockets:
    """ASGI application for `/ws`. `ports` is the bridge, `now` its clock (ns)."""

    def __init__(self, ports: SessionPorts, now: Callable[[], int]) -> None:
        self._ports = ports
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk to one phone until either side ends it."""
        await receive()  # websocket.connect
        offered = scope.get("subprotocols", [])
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if SUBPROTOCOL in offered else None})
        await _Socket(self._ports, self._now, scope, receive, send).run()


class _Socket:
    __slots__ = ("_early", "_now", "_receive", "_room", "_send", "_session", "_timer", "_waits", "_way")

    def __init__(
        self,
        ports: SessionPorts,
        now: Callable[[], int],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._now = now
        self._receive = receive
        self._send = send
        self._way: ShortWay = scope.get("extensions", {}).get(SHORT_WAY) or _LongWay(send)
        self._early = early_hello(scope.get("subprotocols", []))
        self._waits = asyncio.Event()
        self._room = asyncio.Event()
        client: tuple[str, int] | None = scope.get("client")
        self._session = Session(ports, self._wake, now(), client[0] if client else None)

    async def run(self) -> None:
        self._way.use_allowance(self._session.allowance)
        self._arm()
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._read(tasks.create_task(self._send_queued(), name="phone writer"))
        finally:
            self._timer.cancel()
            self._session.on_closed()

    async def _read(self, writer: asyncio.Task[None]) -> None:
        """Hear the phone until it is gone, and then end its writer.

        The writer is not kept in `self`, which its traceback would keep: Python's search alone would find that cycle.
        """
        session, is_known, heard = self._session, False, 0
        while not session.state.is_over:
            message = await self._next()
            if message["type"] == "websocket.disconnect":
                writer.cancel()
                return
            if message["type"] == TOO_MANY:
                session.on_too_many()
            else:
                self._on_message(message)
            heard += 1
            if heard % MOST_HEARD_AT_ONCE == 0:
                await asyncio.sleep(0)  # what was read ahead is handed over without a pause
            if not is_known and session.state is SessionState.OPEN:
                is_known = True
                self._way.sign_in(session.allowance)
            while session.outbox.words >= MOST_UNSENT and not writer.done():
                self._room.clear()
                await self._room.wait()

    async def _next(self) -> Message:
        """The hello that came with the handshake, then what comes in."""
        early, self._early = self._early, None
        return await self._receive() if early is None else {"type": "websocket.receive", "text": early}

    def _on_message(self, message: Message) -> None:
        text = message.get("text")
        try:
            if text is not None:
                self._session.on_text(text, self._now())
            else:
                self._session.on_binary(message.get("bytes") or b"", self._now())
        except Exception as error:  # whatever it is, it ends this socket and no other
            self._session.on_defect(error)

    def _wake(self, urgent: bool) -> None:
        """Have the writer send what waits; a last word leaves now, ahead of all that its press still has to do."""
        outbox = self._session.outbox
        if urgent and outbox.stuck_since is None and self._way.send_now(outbox.peek()):
            outbox.take_frames(outbox.words)
        else:
            self._waits.set()

    async def _send_queued(self) -> None:
        try:
            while True:
                await self._waits.wait()
                self._waits.clear()
                await self._drain()
                if self._session.state.is_over:
                    return await self._close_with(self._session.close_code or CloseCode.RESTART)
        except OSError:  # the phone went away; the reader hears of it
            return None
        except Exception as error:  # what cannot be sent: nothing more can be said to this phone
            self._session.on_defect(error)
            self._way.abort()
        finally:
            self._room.set()

    async def _drain(self) -> None:
        outbox = self._session.outbox
        while outbox:
            outbox.stuck_since = self._now()
            await self._way.send_texts(outbox.take_frames(MOST_AT_ONCE))
            self._room.set()
        outbox.stuck_since = None

    async def _close_with(self, code: CloseCode) -> None:
        if code in _ABUSE:
            self._way.ignore_input()
            await asyncio.sleep(PENANCE_S)
        await self._close(code)

    async def _close(self, code: CloseCode) -> None:
        """Close with the handshake; a phone that does not take part in it is dropped."""
        self._way.abort_after(FAREWELL_S)
        await self._send({"type": "websocket.close", "code": code, "reason": code.name.lower()})

    def _arm(self) -> None:
        now = self._now()
        wait = (self._session.wake_at(now) - now) / _NS_PER_S
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait), self._ring)

    def _ring(self) -> None:
        try:
            self._session.on_time(self._now())
        except Exception as error:
            self._session.on_defect(error)
        if self._session.close_code is CloseCode.SLOW:
            self._way.abort()  # nobody reads: a closing handshake would wait for ever
        else:
            self._arm()
