"""The bridge's door: connections as uvicorn takes them in, before they are a request or a frame.

Who speaks no HTTP, sends too much of it or too slowly, or breaks the WebSocket's framing, hears a code, is counted, and
is let go; nobody else notices.
"""

import asyncio
import sys
from contextlib import suppress
from typing import Any, cast

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from presslight.cloud.authentication import CONNECTION
from presslight.cloud.core.allowance import MOST_REQUESTS, Allowance
from presslight.cloud.errors import Refusal
from presslight.cloud.uvicorn_protocols.final_response import goodbye
from presslight.cloud.uvicorn_protocols.response_transport import Outlet
from presslight.cloud.uvicorn_protocols.turns import Turns
from presslight.cloud.uvicorn_protocols.unauthenticated import Counts, Doorstep
from presslight.cloud.uvicorn_protocols.unread_response import ReadInTime
from presslight.cloud.uvicorn_protocols.websocket_protocol import NO_HANDSHAKE, PhoneProtocol
from presslight.contract.errors import ErrorCode

REQUEST_S = 10
"""So long a request may take to arrive, and so long we listen to one that we have turned away."""

LONGEST_REQUEST_BYTES = 65_536
"""Head and body together; of a larger one nothing is read any more."""

LONGEST_HEAD_BYTES = 16_384
"""As Node.js takes it, so that no cookies of other programs on a host are too many. What a head costs grows with it."""

_COOKIE = b"cookie"

_OF_A_HANDSHAKE = (b"connection", b"upgrade", b"sec-websocket")
"""Headers that websockets reads, and quotes where it refuses them."""

MOST_UNANSWERED = 8
"""So many requests of a connection are taken in behind the one that is being answered; then nothing more is read."""

NO_HTTP = "this is no request of HTTP/1.1"

_END_OF_HEAD = b"\r\n\r\n"
_PIECE_BYTES = 1_024
"""A piece ends with a head, so it completes one at most; two where the first one's end was cut in two."""


def doors(counts: Counts) -> dict[str, type[asyncio.Protocol]]:
    """The protocols for `uvicorn.Config`, whose `counts` is this one. Strangers are bounded over both."""
    shared = {"counts": counts, "doorstep": Doorstep(counts), "turns": Turns()}
    return {
        "http": type("RequestProtocol", (RequestProtocol,), shared),
        "ws": type("PhoneProtocol", (PhoneProtocol,), shared),
    }


class RequestProtocol(ReadInTime):
    """uvicorn's HTTP, which gives nobody more time or room than a request needs."""

    counts: Counts
    doorstep: Doorstep
    turns: Turns

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over; a request is due."""
        super().connection_made(transport)
        self._received = 0  # bytes of the request that is coming in
        self._has_head = self._has_begun = False
        self._read = b""  # what was read, of which the first `_parsed` bytes are parsed
        self._parsed = 0
        self._turn: RequestResponseCycle | None = None  # whose turn it is, or was last
        self._refused = False
        self._known: Allowance | None = None  # of the token that what is answered now came with
        self._has_turn = self._waits_for_turn = False
        self._outlet = cast(asyncio.Transport, Outlet(self.transport))
        self._late = self.loop.call_later(REQUEST_S, self._on_late)
        self.doorstep.come(self.transport, self._host())

    def _host(self) -> str | None:
        return self.client[0] if self.client else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._late.cancel()
        self.doorstep.leave(self.transport)
        self._unknow()
        super().connection_lost(exc)
        self._leave_requests()

    def _leave_requests(self) -> None:
        """Take this connection out of its requests, which it holds: else it keeps itself."""
        cycles = (self.cycle, self._turn, *(cycle for cycle, _ in self.pipeline))
        for scope in (self.scope, *(cycle.scope for cycle in cycles if cycle is not None)):
            if scope is not None:  # there is none before the first request
                cast(dict[str, Any], scope).pop(CONNECTION, None)

    def data_received(self, data: bytes) -> None:
        """Take in what was read."""
        if self._refused:
            self._pass_over()
        else:
            self._read = self._read[self._parsed :] + data
            self._parsed = 0
            self._parse()

    def _pass_over(self) -> None:
        """Read on in turns: each read costs 0.3 ms, and who sends on without end may be many."""
        self.flow.pause_reading()
        if self.turns.take(self._on_turn_to_pass_over):
            self.flow.resume_reading()

    def _on_turn_to_pass_over(self) -> bool:
        goes_on = not self.transport.is_closing()
        if goes_on:
            self.flow.resume_reading()
        return goes_on

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header in. We set no cookies, and to read those of others may take Python seconds (CVE-2024-7592)."""
        if name.lower() != _COOKIE:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have it answered, at once or in its turn."""
        self._has_head = True
        is_offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._is_read_again = is_offered and not self._should_upgrade()
        if self._is_read_again:
            return
        super().on_headers_complete()
        if self.cycle is not None:  # there is none for a handshake
            self.cycle.transport = self._outlet
        if not self.pipeline:
            self._turn = self.cycle

    def sign_in(self, allowance: Allowance) -> None:
        """The request that is answered now came with a good token; too many such at once are strangers all the same."""
        if allowance.requests < MOST_REQUESTS:
            self._known = allowance
            allowance.requests += 1
            self.doorstep.leave(self.transport)

    def _unknow(self) -> None:
        if self._known is not None:
            self._known.requests -= 1
            self._known = None

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        if self.pipeline:
            self._turn = self.pipeline[-1][0]
        super().on_response_complete()
        self._parse()
        if self._known is not None and not self.transport.is_closing():
            self.doorstep.come(self.transport, self._host())
        self._unknow()

    def _parse(self) -> None:
        """Parse what was read, as far as there is room for requests that wait; read more only once none waits."""
        while self._parsed < len(self._read) and self._goes_on() and self._has_room() and self._may_begin():
            self._take(self._piece())
        if not self._goes_on():
            self._read, self._parsed = b"", 0
        elif self.pipeline or self._parsed < len(self._read):
            self.flow.pause_reading()

    def _has_room(self) -> bool:
        return len(self.pipeline) < MOST_UNANSWERED

    def _may_begin(self) -> bool:
        """Whether the next request may begin now. Who has just shown a good token need not wait, nor what has begun."""
        if not (self._received or self._has_turn or self._waits_for_turn):
            self._has_turn = self._known is not None or self.turns.take(self._on_turn)
            self._waits_for_turn = not self._has_turn
        return not self._waits_for_turn

    def _on_turn(self) -> bool:
        """It is this connection's turn to begin a request."""
        self._waits_for_turn, self._has_turn = False, True
        goes_on = not self.transport.is_closing() and self._goes_on()
        if goes_on:
            self._parse()
            if self._goes_on() and not self.pipeline and self._parsed == len(self._read):
                self.flow.resume_reading()  # only a piece of a request has come so far
        return goes_on

    def _goes_on(self) -> bool:
        return not self._refused and self.transport.get_protocol() is self

    def _piece(self) -> bytes:
        start = self._parsed
        end = self._read.find(_END_OF_HEAD, start, start + _PIECE_BYTES)
        self._parsed = min(len(self._read), start + _PIECE_BYTES if end < 0 else end + len(_END_OF_HEAD))
        return self._read[start : self._parsed]

    def _take(self, piece: bytes) -> None:
        self._received += len(piece)
        self._has_turn = False
        if not self._has_begun:
            piece = piece.lstrip(b"\r\n")  # empty lines are no request (RFC 9112): an idle connection stays idle
        self._piece_begins = self._parsed - len(piece)
        if piece:
            self._feed(piece)
        longest = LONGEST_REQUEST_BYTES if self._has_head else LONGEST_HEAD_BYTES
        if self._received > longest:
            self._refuse(ErrorCode.TOO_LARGE, f"{longest} bytes are allowed")

    def _feed(self, piece: bytes) -> None:
        """Have it parsed. asyncio ends a connection that fails at a read; in a turn of its own nobody else would."""
        try:
            super().data_received(piece)
        except Exception:
            self.transport.abort()
            raise

    def on_message_begin(self) -> None:
        """Give the next request its time."""
        super().on_message_begin()
        self._has_head, self._has_begun = False, True
        cast(dict[str, Any], self.scope)[CONNECTION] = self
        self._late.cancel()
        self._late = self.loop.call_later(REQUEST_S, self._on_late)

    def on_message_complete(self) -> None:
        """All of it is there."""
        if self._is_read_again:
            return
        super().on_message_complete()
        self._received, self._has_begun = 0, False
        self._late.cancel()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the phone's protocol, which has times of its own."""
        self._late.cancel()
        self.forget_unread()
        asked = [(name, value) for name, value in self.scope["headers"] if name.startswith(_OF_A_HANDSHAKE)]
        if self._answering() is not None:  # its answer would come among the frames
            self._refuse(ErrorCode.MALFORMED, "a handshake has to wait for the answers to what was asked before")
        elif not all(value.isascii() for _, value in asked):  # websockets would fail at it
            self._refuse(ErrorCode.MALFORMED, NO_HANDSHAKE)
        elif [value for name, value in asked if name == b"sec-websocket-version"] != [b"13"]:
            self._refuse(ErrorCode.UPGRADE_REQUIRED, "")
        else:
            self.flow.resume_reading()  # it may have waited for its turn
            super().handle_websocket_upgrade()
            del self.parser, cast(dict[str, Any], self.scope)[CONNECTION]  # else it keeps itself

    def _should_upgrade(self) -> bool:
        """Not over HTTP/1.0, which has no Upgrade (RFC 9110): the application tells what is missing."""
        return self.parser.get_http_version() == "1.1" and super()._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Read its head again as if it had not asked: its body would be the next request to the parser.

        Say nothing: a line per request could fill a disk.
        """
        if self._is_read_again:
            self._put_back(cast(HttpParserUpgrade, sys.exception()).args[0])
            version = self.parser.get_http_version().encode()
            head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
            lines = (name + b": " + value + b"\r\n" for name, value in self.headers if name != b"upgrade")
            self.parser = HttpRequestParser(self)
            self.parser.feed_data(b"".join([*head, *lines, b"\r\n"]))

    def _put_back(self, used: int) -> None:
        """Of the piece that is being parsed so many bytes are: have the others be the next piece."""
        left = self._parsed - self._piece_begins - used
        self._parsed -= left
        self._received -= left

    def send_400_response(self, _msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(ErrorCode.MALFORMED, NO_HTTP)

    def _on_late(self) -> None:
        if self._received:
            self._refuse(ErrorCode.REQUEST_TIMEOUT, "")
        else:
            self.transport.close()  # opened and not used, as browsers do

    def _refuse(self, code: ErrorCode, detail: str) -> None:
        """Answer, unless an answer is under way, and hear nothing more. What waits to be answered is not any more.

        The other end may be sending still: closing at once would reset the connection and lose it our answer.
        """
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self.pipeline.clear()
        self.counts.error(code, None, None, detail)
        answering = self._answering()
        if answering is None or not answering.response_started:
            self.transport.write(goodbye(Refusal(code, detail)))
        if answering is not None:
            answering.disconnected = True
            answering.message_event.set()
        with suppress(OSError):  # the other end may be gone
            self.transport.write_eof()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self._late.cancel()
        self._late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _answering(self) -> RequestResponseCycle | None:
        cycle = self._turn
        return None if cycle is None or cycle.response_complete else cycle
