"""The phone's protocol as uvicorn takes it in: frames of the WebSocket, before they are texts for the application.

What is read is parsed a piece at a time, and no further while texts wait to be heard: a read may hold 10,000 frames.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN

from presslight.cloud.core.allowance import Allowance
from presslight.cloud.errors import Refusal
from presslight.cloud.uvicorn_protocols.final_response import goodbye
from presslight.cloud.uvicorn_protocols.turns import Turns
from presslight.cloud.uvicorn_protocols.unauthenticated import Counts, Doorstep
from presslight.cloud.websocket.endpoint import SHORT_WAY, TOO_MANY
from presslight.contract.errors import ErrorCode

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

HIGH_WATER_BYTES = 16_384
NO_HANDSHAKE = "this is no handshake of a WebSocket"

LATE_BYTES = 4_096
"""So much is still parsed of a phone that was told to go; its own goodbye is 8 bytes."""

PASSED_OVER_BYTES = 262_144
"""So much is still read of one of whom nothing is parsed: closing on what is unread would lose it what it was told."""

DEAF_S = 2
"""So long a phone of which nothing is parsed any more may read what it was told; longer than its penance."""

SMALL_BYTES = 1_024
"""A larger text is a hello, or none of ours: it costs up to 5 ms to judge."""

_PIECE_BYTES = 1_024


class PhoneProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket with a short way out: frames that wait together leave in one write, and it can be dropped."""

    counts: Counts
    doorstep: Doorstep
    turns: Turns

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over, with a short buffer."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._read = b""  # what was read, of which the first `_parsed` bytes are parsed
        self._parsed = 0
        self._late_bytes = 0
        self._is_deaf = False
        self._is_known = self._waits_for_turn = False
        self._drops: list[asyncio.TimerHandle] = []
        self._extensions: dict[str, Any] = {}
        self._allowance = Allowance.of_stranger(time.monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it: nothing keeps what it was, neither a timer nor itself."""
        self.doorstep.leave(self.transport)
        for drop in self._drops:
            drop.cancel()
        self._extensions.pop(SHORT_WAY, None)
        super().connection_lost(exc)

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Take in the handshake, which the door hands over whole, or a piece of a frame, or many frames."""
        if self._is_deaf:
            self._pass_over(data)
        elif self.handshake_initiated:
            self._read = self._read[self._parsed :] + data if self._parsed < len(self._read) else data
            self._parsed = 0
            self._parse()
        else:
            self._shake_hands(data)

    def _pass_over(self, data: bytes) -> None:
        self._late_bytes += len(data)
        if self._late_bytes > PASSED_OVER_BYTES:
            self.transport.pause_reading()

    def _shake_hands(self, data: bytes) -> None:
        """Take the handshake in. The transport may still know the door alone, so nobody else would tell of the end."""
        try:
            super().data_received(data)
        except Exception as error:
            self.connection_lost(error)
            raise
        if not self.handshake_initiated:
            self.counts.error(ErrorCode.MALFORMED, None, None, NO_HANDSHAKE)
            self.transport.write(goodbye(Refusal(ErrorCode.MALFORMED, NO_HANDSHAKE)))
            self.transport.close()

    async def receive(self) -> "ASGIReceiveEvent":
        """Hand over what comes next, in its turn; once nothing waits, parse more."""
        message = await super().receive()
        self._parse()
        if self._is_known and message["type"] == "websocket.receive" and len(message.get("text") or "") > SMALL_BYTES:
            await self._turn()
        return message

    async def _turn(self) -> None:
        turn = self.loop.create_future()

        def begin() -> bool:
            if not turn.done():
                turn.set_result(None)
            return not self.transport.is_closing()

        if not self.turns.take(begin):
            await turn

    def _parse(self) -> None:
        """Parse what was read; a stranger's in its turn, until when nothing more of it is read."""
        if self._may_parse():
            self._parse_on()

    def _may_parse(self) -> bool:
        if self._is_known or self._is_deaf or self.transport.is_closing() or self._parsed == len(self._read):
            return True
        if not self._waits_for_turn:
            self._waits_for_turn = not self.turns.take(self._on_turn)
        if self._waits_for_turn:
            self.transport.pause_reading()
        return not self._waits_for_turn

    def _on_turn(self) -> bool:
        """It is this stranger's turn."""
        self._waits_for_turn = False
        goes_on = not self.transport.is_closing()
        if goes_on:
            self._parse_on()
            if not self.read_paused:
                self.transport.resume_reading()
        return goes_on

    def _parse_on(self) -> None:
        while self._parsed < len(self._read) and not self.read_paused and not self._is_deaf:
            start = self._parsed
            self._parsed = min(len(self._read), start + _PIECE_BYTES)
            self._feed(self._read[start : self._parsed])
            if self.transport.is_closing():
                self._is_deaf = True
            elif self.close_sent:
                self._hear_late(self._parsed - start)

    def _feed(self, piece: bytes) -> None:
        """Have it parsed. asyncio ends a connection that fails at a read; in a turn of its own nobody else would."""
        try:
            super().data_received(piece)
        except Exception:
            self.transport.abort()
            raise

    def _hear_late(self, size: int) -> None:
        self._late_bytes += size
        if self._late_bytes > LATE_BYTES:
            self.go_deaf()

    def go_deaf(self) -> None:
        """Parse nothing more."""
        if not self._is_deaf:
            self._is_deaf, self.read_paused = True, False
            self.transport.resume_reading()
            self.drop_in(DEAF_S)

    def _count(self) -> None:
        """A frame came that the application never sees."""
        if not self._is_deaf and not self._allowance.takes(1, time.monotonic_ns()):
            self.go_deaf()
            message: Any = {"type": TOO_MANY}  # ours, for `presslight.cloud.websocket.endpoint`
            self.queue.put_nowait(message)

    def handle_cont(self, event: Frame) -> None:
        """Take in a further piece of a text."""
        self._count()
        if not self._is_deaf:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping of the WebSocket's own, unless answers pile up unread."""
        self._count()
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(pong)

    def handle_pong(self, event: Frame) -> None:
        """Take in a pong of the WebSocket's own, for which nobody has asked."""
        self._count()
        super().handle_pong(event)

    # What the application says of it

    def sign_in(self, allowance: Allowance) -> None:
        """A good hello came."""
        self._is_known = True
        self.doorstep.leave(self.transport)
        self.count_in(allowance)

    def count_in(self, allowance: Allowance) -> None:
        """From now on count the frames there which the application never sees."""
        self._allowance = allowance

    # What goes out

    async def send(self, message: "ASGISendEvent") -> None:
        """Send what the application says. A refusal ends the handshake, too: uvicorn would log that none was made."""
        await super().send(message)
        self.handshake_complete = self.handshake_complete or self.close_sent

    async def send_texts(self, texts: Sequence[str]) -> None:
        """Send text frames, then wait until there is room for more. Raises OSError once the phone is gone."""
        if self.disconnected or self.conn.state is not OPEN:
            raise ClientDisconnected
        self._write(texts)
        await self.writable.wait()

    def send_now(self, texts: Sequence[str]) -> bool:
        """Send text frames at once, if there is room. False, and nothing sent, if there is none."""
        has_room = self.writable.is_set() and self.conn.state is OPEN and not self.disconnected
        if has_room:
            self._write(texts)
        return has_room

    def _write(self, texts: Sequence[str]) -> None:
        frames = [Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts]
        self.transport.write(b"".join(frames))

    def drop(self) -> None:
        """End the connection without waiting for a phone that reads nothing."""
        self.transport.abort()

    def drop_in(self, seconds: float) -> None:
        """Do that in so many seconds, if the phone is still there."""
        if not self.disconnected:
            self._drops.append(self.loop.call_later(seconds, self.drop))

    # What is wrong with it

    def handle_connect(self, event: Any) -> None:
        """Offer the short way to the application; count a handshake that is none."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[SHORT_WAY] = self
            self._extensions = extensions
        else:
            self.counts.error(ErrorCode.MALFORMED, None, None, NO_HANDSHAKE)

    def handle_parser_exception(self) -> None:
        """Count what breaks the framing; the other end hears a close code (1002, 1007, 1009)."""
        close = self.conn.close_sent
        too_big = close is not None and close.code == CloseCode.MESSAGE_TOO_BIG
        code = ErrorCode.TOO_LARGE if too_big else ErrorCode.MALFORMED
        self.counts.error(code, None, None, close.reason if close else "")
        super().handle_parser_exception()
