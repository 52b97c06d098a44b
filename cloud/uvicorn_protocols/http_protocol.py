"""uvicorn's HTTP protocol with limits: time and size of a request, and clients that have not signed in.

Input that is not HTTP, is too large or too slow is answered with an error code and counted, and the connection ends.
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
from presslight.cloud.uvicorn_protocols.final_response import final_response
from presslight.cloud.uvicorn_protocols.http_input import PacedHttpProtocol
from presslight.cloud.uvicorn_protocols.response_transport import ResponseTransport
from presslight.cloud.uvicorn_protocols.unauthenticated import ConnectionCounts, UnauthenticatedConnections
from presslight.cloud.uvicorn_protocols.upgrade import handshake_error, head_without_upgrade
from presslight.contract.errors import ErrorCode

REQUEST_S = 10
"""Time limit for a request to arrive, and for a rejected connection to end by itself."""

MAX_REQUEST_BYTES = 65_536
"""Head and body together; reading stops behind them."""

MAX_HEAD_BYTES = 16_384
"""Node.js's default, so that other programs' cookies for the same host fit. Parsing time grows with it."""

NOT_HTTP = "this is no request of HTTP/1.1"

_COOKIE = b"cookie"


class HttpProtocol(PacedHttpProtocol):
    """uvicorn's HTTP protocol, which rejects a request that takes more time or room than it needs."""

    counts: ConnectionCounts
    unauthenticated: UnauthenticatedConnections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time limit of the first request."""
        super().connection_made(transport)
        self._has_head = False
        self._cycle: RequestResponseCycle | None = None  # the request being answered, or answered last
        self._allowance: Allowance | None = None  # of the token of the request being answered
        self._response_transport = cast(asyncio.Transport, ResponseTransport(self.transport))
        self._request_timer = self.loop.call_later(REQUEST_S, self._on_timeout)
        self.unauthenticated.add(self.transport, self._host())

    def _host(self) -> str | None:
        return self.client[0] if self.client else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the timers, the client's allowance and all references to this protocol."""
        self._request_timer.cancel()
        self._unset_keepalive_if_required()  # uvicorn leaves it to its 75 s where the client resets the connection
        self.unauthenticated.discard(self.transport)
        self._release_allowance()
        super().connection_lost(exc)
        self._drop_references()

    def _drop_references(self) -> None:
        """Remove this protocol from the scopes of its requests: a reference cycle would outlive the connection."""
        cycles = (self.cycle, self._cycle, *(cycle for cycle, _ in self.pipeline))
        for scope in (self.scope, *(cycle.scope for cycle in cycles if cycle is not None)):
            if scope is not None:  # there is none before the first request
                cast(dict[str, Any], scope).pop(CONNECTION, None)

    # A request arrives

    def on_message_begin(self) -> None:
        """Start the request's time limit."""
        super().on_message_begin()
        self._has_head = False
        cast(dict[str, Any], self.scope)[CONNECTION] = self
        self._restart_timer(self._on_timeout)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Drop cookies: we set none, and parsing those of others may take Python seconds (CVE-2024-7592)."""
        if name.lower() != _COOKIE:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered, at once or behind those that wait."""
        self._has_head = True
        is_offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._declines_upgrade = is_offered and not self._should_upgrade()
        if self._declines_upgrade:
            return
        super().on_headers_complete()
        if self.cycle is not None:  # a handshake has none
            self.cycle.transport = self._response_transport
        if not self.pipeline:
            self._cycle = self.cycle

    def on_message_complete(self) -> None:
        """Stop the time limit."""
        if not self._declines_upgrade:
            super().on_message_complete()
            self._request_timer.cancel()

    def on_response_complete(self) -> None:
        """Count the client as unauthenticated again, until its next request shows a token."""
        if self.pipeline:
            self._cycle = self.pipeline[-1][0]
        super().on_response_complete()
        if self._is_authenticated() and not self.transport.is_closing():
            self.unauthenticated.add(self.transport, self._host())
        self._release_allowance()

    # Authentication

    def sign_in(self, allowance: Allowance) -> None:
        """Count the client as authenticated, unless too many requests with its token are being answered."""
        if allowance.requests < MOST_REQUESTS:
            self._allowance = allowance
            allowance.requests += 1
            self.unauthenticated.discard(self.transport)

    def _is_authenticated(self) -> bool:
        return self._allowance is not None

    def _release_allowance(self) -> None:
        if self._allowance is not None:
            self._allowance.requests -= 1
            self._allowance = None

    # Upgrade

    def _should_upgrade(self) -> bool:
        """Ignore an Upgrade over HTTP/1.0 (RFC 9110, 7.8): the application then answers what is missing."""
        return self.parser.get_http_version() == "1.1" and super()._should_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol, which has time limits of its own."""
        self._request_timer.cancel()
        self.cancel_unread_timer()
        if self._being_answered() is not None:  # its response would be sent among the frames
            self._reject(ErrorCode.MALFORMED, "a handshake has to wait for the answers to what was asked before")
        elif error := handshake_error(self.scope["headers"]):
            self._reject(*error)
        else:
            self.flow.resume_reading()  # it is paused if the request waited
            super().handle_websocket_upgrade()
            del self.parser, cast(dict[str, Any], self.scope)[CONNECTION]  # else a reference cycle remains

    def _unsupported_upgrade_warning(self) -> None:
        """Parse the head again without its Upgrade: the parser would take the body for the next request.

        Logs nothing, unlike uvicorn: a line per request could fill a disk.
        """
        if self._declines_upgrade:
            self._put_back(cast(HttpParserUpgrade, sys.exception()).args[0])
            method, version = self.parser.get_method(), self.parser.get_http_version()
            self.parser = HttpRequestParser(self)
            self.parser.feed_data(head_without_upgrade(method, self.url, version, self.headers))

    # Rejections

    def send_400_response(self, _msg: str) -> None:
        """Reject bytes that are not HTTP."""
        self._reject(ErrorCode.MALFORMED, NOT_HTTP)

    def _check_size(self) -> None:
        limit = MAX_REQUEST_BYTES if self._has_head else MAX_HEAD_BYTES
        if self._request_bytes > limit:
            self._reject(ErrorCode.TOO_LARGE, f"{limit} bytes are allowed")

    def _on_timeout(self) -> None:
        if self._request_bytes:
            self._reject(ErrorCode.REQUEST_TIMEOUT, "")
        else:
            self.transport.close()  # browsers open connections that they do not use

    def _reject(self, code: ErrorCode, detail: str) -> None:
        """Respond, unless a response has begun, and stop parsing. Requests that wait are dropped.

        The client may still be sending: closing at once would reset the connection and lose the response.
        """
        if self._is_rejected or self.transport.is_closing():
            return
        self._is_rejected = True
        self.pipeline.clear()
        self.counts.on_error_sent(code, None, None, detail)
        cycle = self._being_answered()
        if cycle is None or not cycle.response_started:
            self.transport.write(final_response(Refusal(code, detail)))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        with suppress(OSError):  # the client may have disconnected
            self.transport.write_eof()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self._restart_timer(self.transport.abort)

    def _restart_timer(self, callback: Any) -> None:
        self._request_timer.cancel()
        self._request_timer = self.loop.call_later(REQUEST_S, callback)

    def _being_answered(self) -> RequestResponseCycle | None:
        cycle = self._cycle
        return None if cycle is None or cycle.response_complete else cycle
