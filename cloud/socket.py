"""The phone's WebSocket as an ASGI application: one task reads, one writes, one timer watches."""

import asyncio
from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from cloud.conversation import Board, Conversation, State
from contract.errors import CloseCode

MOST_UNSENT = 64
"""While so many words wait for a phone, no further frame of it is read."""

ABORT = "presslight.abort"
"""The ASGI extension that drops a connection without waiting for the phone to read (see `serve`)."""

_NS_PER_S = 1_000_000_000


class PhoneSockets:
    """ASGI application for `/ws`. `board` is the bridge, `now` its clock (ns)."""

    def __init__(self, board: Board, now: Callable[[], int]) -> None:
        self._board = board
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Talk to one phone until either side ends it."""
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        abort = scope.get("extensions", {}).get(ABORT)
        await _Socket(self._board, self._now, receive, send, abort).run()


class _Socket:
    __slots__ = ("_abort", "_now", "_reader", "_receive", "_room", "_send", "_talk", "_timer", "_wake", "_writer")

    def __init__(
        self,
        board: Board,
        now: Callable[[], int],
        receive: Receive,
        send: Send,
        abort: Callable[[], None] | None,
    ) -> None:
        self._now = now
        self._receive = receive
        self._send = send
        self._abort = abort
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._talk = Conversation(board, self._wake.set, now())

    async def run(self) -> None:
        self._reader = asyncio.current_task()
        self._arm()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._writer = tasks.create_task(self._write(), name="phone writer")
                await self._read()
        finally:
            self._timer.cancel()
            self._talk.gone()

    async def _read(self) -> None:
        talk = self._talk
        while talk.state is not State.ENDED:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._writer.cancel()
                return
            self._hear(message)
            while talk.outbox.words >= MOST_UNSENT and not self._writer.done():
                self._room.clear()
                await self._room.wait()

    def _hear(self, message: Message) -> None:
        text = message.get("text")
        if text is not None:
            self._talk.on_text(text, self._now())
        else:
            self._talk.on_binary(self._now())

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._drain()
                if self._talk.state is State.ENDED:
                    return await self._close(self._talk.close_code or CloseCode.RESTART)
        except OSError:  # the phone went away; the reader hears of it
            return None
        finally:
            self._room.set()

    async def _drain(self) -> None:
        outbox = self._talk.outbox
        for text in outbox.drain():
            outbox.stuck_since = self._now()
            await self._send({"type": "websocket.send", "text": text})
            self._room.set()
        outbox.stuck_since = None

    async def _close(self, code: CloseCode) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": code.name.lower()})

    def _arm(self) -> None:
        now = self._now()
        wait = (self._talk.wake_at(now) - now) / _NS_PER_S
        self._timer = asyncio.get_running_loop().call_later(max(0.0, wait), self._ring)

    def _ring(self) -> None:
        self._talk.on_time(self._now())
        if self._talk.close_code is CloseCode.SLOW:
            self._drop()
        else:
            self._arm()

    def _drop(self) -> None:
        """Nobody reads: a closing handshake would wait for ever."""
        if self._abort is not None:
            self._abort()
        elif self._reader is not None:
            self._reader.cancel()
