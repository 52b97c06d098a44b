"""uvicorn's HTTP protocol with paced input: requests are parsed as there is room and time for them.

uvicorn parses all that a read holds at once. Here input is parsed in pieces, pipelined requests (RFC 9112, 9.3.2) wait
for the responses to earlier ones, and a request of a client that has not signed in waits for its turn.
"""

import asyncio
from abc import ABC, abstractmethod

from presslight.cloud.uvicorn_protocols.disconnection import has_disconnected
from presslight.cloud.uvicorn_protocols.input_buffer import InputBuffer
from presslight.cloud.uvicorn_protocols.start_queue import StartQueue
from presslight.cloud.uvicorn_protocols.unread_response import UnreadResponseTimeout

MAX_PIPELINED = 8
"""Requests of one connection that may wait behind the one being answered; then reading stops."""

_END_OF_HEAD = b"\r\n\r\n"
"""A piece ends here at the latest, so it completes one head, or two where the first one's end was split."""


class PacedHttpProtocol(UnreadResponseTimeout, ABC):
    """uvicorn's HTTP protocol; decides when the next piece of input is parsed, and parses none once it is rejected."""

    start_queue: StartQueue

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with empty input."""
        super().connection_made(transport)
        self._input = InputBuffer()
        self._piece_bytes = 0
        self._request_bytes = 0  # of the request that is arriving
        self._request_begun = False
        self._is_rejected = False
        self._may_start = self._waits_to_start = False

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, or discard them once the connection is rejected."""
        if self._is_rejected:
            self._discard_input()
        else:
            self._input.append(data)
            self._parse_input()

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        super().on_message_begin()
        self._request_begun = True

    def on_message_complete(self) -> None:
        """Note that a request has arrived whole."""
        super().on_message_complete()
        self._request_bytes, self._request_begun = 0, False

    def on_response_complete(self) -> None:
        """Parse on: there is room for a further request."""
        super().on_response_complete()
        self._parse_input()

    @abstractmethod
    def _is_authenticated(self) -> bool:
        """Whether the request being answered came with a good token."""

    @abstractmethod
    def _check_size(self) -> None:
        """Reject a request that is too large, by `_request_bytes`."""

    def _discard_input(self) -> None:
        """Read one chunk per turn: a read costs 0.3 ms, and many clients may go on sending."""
        self.flow.pause_reading()
        if self.start_queue.request(self._discard_more):
            self.flow.resume_reading()

    def _discard_more(self) -> bool:
        is_here = self._is_here()
        if is_here:
            self.flow.resume_reading()
        return is_here

    def _is_here(self) -> bool:
        """Whether the client waits for its turn. Abort its connection if it has disconnected meanwhile."""
        is_gone = has_disconnected(self.transport)
        if is_gone:
            self.transport.abort()
        return not is_gone

    def _parse_input(self) -> None:
        """Parse as far as there is room for waiting requests. Resume reading only once none waits."""
        while len(self._input) and self._accepts_input() and self._has_room() and self._may_begin():
            self._parse_piece(self._input.next_piece(_END_OF_HEAD))
        if not self._accepts_input():
            self._input.clear()
        elif self.pipeline or len(self._input):
            self.flow.pause_reading()

    def _accepts_input(self) -> bool:
        return not self._is_rejected and self.transport.get_protocol() is self

    def _has_room(self) -> bool:
        return len(self.pipeline) < MAX_PIPELINED

    def _may_begin(self) -> bool:
        """Whether to parse now: a request that has begun, or of a client that just signed in, does not wait."""
        if not (self._request_bytes or self._may_start or self._waits_to_start):
            self._may_start = self._is_authenticated() or self.start_queue.request(self._start)
            self._waits_to_start = not self._may_start
        return not self._waits_to_start

    def _start(self) -> bool:
        """Begin the request that waited. Return False if the client is gone, or the connection rejected."""
        self._waits_to_start, self._may_start = False, True
        is_open = self._is_here() and self._accepts_input()
        if is_open:
            self._parse_input()
            if self._accepts_input() and not self.pipeline and not len(self._input):
                self.flow.resume_reading()  # only a part of the request has arrived so far
        return is_open

    def _parse_piece(self, piece: bytes) -> None:
        self._request_bytes += len(piece)
        self._may_start = False
        if not self._request_begun:
            piece = piece.lstrip(b"\r\n")  # empty lines before a request (RFC 9112, 2.2): the connection stays idle
        self._piece_bytes = len(piece)
        if piece:
            self._feed_parser(piece)
        self._check_size()

    def _feed_parser(self, piece: bytes) -> None:
        """Parse a piece. asyncio aborts a connection that raises during a read, but not one that raises in a turn."""
        try:
            super().data_received(piece)
        except Exception:
            self.transport.abort()
            raise

    def _put_back(self, parsed: int) -> None:
        """Return the current piece to the input, but for its first `parsed` bytes."""
        left = self._piece_bytes - parsed
        self._input.put_back(left)
        self._request_bytes -= left
