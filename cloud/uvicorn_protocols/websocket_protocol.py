"""uvicorn's WebSocket protocol with paced input, a bound on control frames, and a shorter way out for frames.

Input is parsed in pieces, and no further while messages wait for the application: a read may hold 10,000 frames.
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
from presslight.cloud.uvicorn_protocols.disconnection import has_disconnected
from presslight.cloud.uvicorn_protocols.final_response import final_response
from presslight.cloud.uvicorn_protocols.input_buffer import InputBuffer
from presslight.cloud.uvicorn_protocols.start_queue import StartQueue
from presslight.cloud.uvicorn_protocols.unauthenticated import ConnectionCounts, UnauthenticatedConnections
from presslight.cloud.uvicorn_protocols.upgrade import NO_HANDSHAKE
from presslight.cloud.websocket.endpoint import SHORT_WAY, TOO_MANY
from presslight.contract.errors import ErrorCode

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

HIGH_WATER_BYTES = 16_384

MAX_AFTER_CLOSE_BYTES = 4_096
"""Bytes still parsed after our close frame; the client's own close frame has 8."""

MAX_DISCARDED_BYTES = 262_144
"""Bytes still read once input is ignored: closing with unread input resets the connection and loses the close frame."""

IGNORED_INPUT_S = 2
"""Time limit of a connection whose input is ignored, to read our close frame; longer than `endpoint.PENANCE_S`."""

SMALL_TEXT_BYTES = 1_024
"""A larger text is a hello, or none of the protocol's: validating it takes up to 5 ms."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol; offers `endpoint.ShortWay`: frames that wait together leave in one write."""

    counts: ConnectionCounts
    unauthenticated: UnauthenticatedConnections
    start_queue: StartQueue

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set a low high-water mark for the write buffer."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._input = InputBuffer()
        self._bytes_after_close = 0
        self._ignores_input = False
        self._is_authenticated = self._waits_to_parse = False
        self._abort_timers: list[asyncio.TimerHandle] = []
        self._extensions: dict[str, Any] = {}
        self._allowance = Allowance.of_stranger(time.monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        """Release all timers, and the reference to this protocol from its own scope."""
        self.unauthenticated.discard(self.transport)
        for timer in self._abort_timers:
            timer.cancel()
        self._extensions.pop(SHORT_WAY, None)
        super().connection_lost(exc)

    # Input

    def data_received(self, data: bytes) -> None:
        """Parse the handshake, which `HttpProtocol` hands over whole, or frames in any pieces."""
        if self._ignores_input:
            self._discard_input(data)
        elif self.handshake_initiated:
            self._input.append(data)
            self._parse_input()
        else:
            self._parse_handshake(data)

    def _discard_input(self, data: bytes) -> None:
        self._bytes_after_close += len(data)
        if self._bytes_after_close > MAX_DISCARDED_BYTES:
            self.transport.pause_reading()

    def _parse_handshake(self, data: bytes) -> None:
        """Parse the handshake. The transport may still refer to HttpProtocol, which would not tell us of the end."""
        try:
            super().data_received(data)
        except Exception as error:
            self.connection_lost(error)
            raise
        if not self.handshake_initiated:
            self.counts.on_error_sent(ErrorCode.MALFORMED, None, None, NO_HANDSHAKE)
            self.transport.write(final_response(Refusal(ErrorCode.MALFORMED, NO_HANDSHAKE)))
            self.transport.close()

    async def receive(self) -> "ASGIReceiveEvent":
        """Return the next message, parsing on once none waits. A large text waits for its turn."""
        message = await super().receive()
        self._parse_input()
        text = message.get("text") if message["type"] == "websocket.receive" else None
        if self._is_authenticated and len(text or "") > SMALL_TEXT_BYTES:
            await self._wait_for_turn()
        return message

    async def _wait_for_turn(self) -> None:
        turn = self.loop.create_future()

        def start() -> bool:
            if not turn.done():
                turn.set_result(None)
            return not self.transport.is_closing()

        if not self.start_queue.request(start):
            await turn

    def _parse_input(self) -> None:
        """Parse received frames; those of an unauthenticated client in its turn, and reading pauses until then."""
        if self._may_parse():
            self._parse_frames()

    def _may_parse(self) -> bool:
        if self._is_authenticated or self._ignores_input or self.transport.is_closing() or not len(self._input):
            return True
        if not self._waits_to_parse:
            self._waits_to_parse = not self.start_queue.request(self._start)
        if self._waits_to_parse:
            self.transport.pause_reading()
        return not self._waits_to_parse

    def _start(self) -> bool:
        """Parse what waited for its turn. Return False if the client is gone."""
        self._waits_to_parse = False
        is_gone = has_disconnected(self.transport)
        if is_gone:
            self.transport.abort()
        else:
            self._parse_frames()
            if not self.read_paused:
                self.transport.resume_reading()
        return not is_gone

    def _parse_frames(self) -> None:
        while len(self._input) and not self.read_paused and not self._ignores_input:
            piece = self._input.next_piece()
            self._feed_parser(piece)
            if self.transport.is_closing():
                self._ignores_input = True
            elif self.close_sent:
                self._count_after_close(len(piece))

    def _feed_parser(self, piece: bytes) -> None:
        """Parse a piece. asyncio aborts a connection that raises during a read, but not one that raises in a turn."""
        try:
            super().data_received(piece)
        except Exception:
            self.transport.abort()
            raise

    def _count_after_close(self, size: int) -> None:
        self._bytes_after_close += size
        if self._bytes_after_close > MAX_AFTER_CLOSE_BYTES:
            self.ignore_input()

    def ignore_input(self) -> None:
        """Parse nothing more, and abort the connection after `IGNORED_INPUT_S`."""
        if not self._ignores_input:
            self._ignores_input, self.read_paused = True, False
            self.transport.resume_reading()
            self.abort_after(IGNORED_INPUT_S)

    def _count_hidden_frame(self) -> None:
        """Count a frame that the application does not see against the client's allowance."""
        if not self._ignores_input and not self._allowance.takes(1, time.monotonic_ns()):
            self.ignore_input()
            message: Any = {"type": TOO_MANY}  # ours, for `presslight.cloud.websocket.endpoint`
            self.queue.put_nowait(message)

    def handle_cont(self, event: Frame) -> None:
        """Append a continuation frame (RFC 6455, 5.4)."""
        self._count_hidden_frame()
        if not self._ignores_input:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping frame (RFC 6455, 5.5.2), unless the client leaves our answers unread."""
        self._count_hidden_frame()
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set() and not self.transport.is_closing():
            self.transport.write(pong)

    def handle_pong(self, event: Frame) -> None:
        """Count an unsolicited pong frame (RFC 6455, 5.5.3)."""
        self._count_hidden_frame()
        super().handle_pong(event)

    # Authentication

    def sign_in(self, allowance: Allowance) -> None:
        """Count the client as authenticated: its hello had a good token."""
        self._is_authenticated = True
        self.unauthenticated.discard(self.transport)
        self.use_allowance(allowance)

    def use_allowance(self, allowance: Allowance) -> None:
        """Count frames that the application does not see against this allowance from now on."""
        self._allowance = allowance

    # Output

    async def send(self, message: "ASGISendEvent") -> None:
        """Send an ASGI event. Closing completes the handshake, too: uvicorn would log that none was made."""
        await super().send(message)
        self.handshake_complete = self.handshake_complete or self.close_sent

    async def send_texts(self, texts: Sequence[str]) -> None:
        """Send text frames, then wait for room in the write buffer. Raises OSError once the connection is closed."""
        if self.disconnected or self.conn.state is not OPEN:
            raise ClientDisconnected
        self._write_frames(texts)
        await self.writable.wait()

    def send_now(self, texts: Sequence[str]) -> bool:
        """Send text frames if the write buffer has room. Return False, and send nothing, if it has none."""
        has_room = self.writable.is_set() and self.conn.state is OPEN and not self.disconnected
        if has_room:
            self._write_frames(texts)
        return has_room

    def _write_frames(self, texts: Sequence[str]) -> None:
        frames = [Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts]
        self.transport.write(b"".join(frames))

    def abort(self) -> None:
        """Close the connection without waiting for a client that reads nothing."""
        self.transport.abort()

    def abort_after(self, seconds: float) -> None:
        """Abort the connection later, unless it is closed by then."""
        if not self.disconnected:
            self._abort_timers.append(self.loop.call_later(seconds, self.abort))

    # Handshake and errors

    def handle_connect(self, event: Any) -> None:
        """Offer `endpoint.ShortWay` to the application; count a handshake that is refused."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[SHORT_WAY] = self
            self._extensions = extensions
        else:
            self.counts.on_error_sent(ErrorCode.MALFORMED, None, None, NO_HANDSHAKE)

    def handle_parser_exception(self) -> None:
        """Count a violation of the framing; the client gets a close code (RFC 6455, 7.4.1: 1002, 1007, 1009)."""
        close = self.conn.close_sent
        too_big = close is not None and close.code == CloseCode.MESSAGE_TOO_BIG
        code = ErrorCode.TOO_LARGE if too_big else ErrorCode.MALFORMED
        self.counts.on_error_sent(code, None, None, close.reason if close else "")
        if self.transport.is_closing():  # what it sent before it went is parsed after it has gone; its end is queued
            self._ignores_input = True
        else:
            super().handle_parser_exception()
