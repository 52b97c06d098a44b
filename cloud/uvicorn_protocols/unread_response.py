"""A bound on the time that an HTTP response may stay unread: no longer than an idle connection is kept.

Closing waits until everything is sent, so a client that reads nothing could otherwise keep its connection for ever.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HIGH_WATER_BYTES = 1_024
"""Larger than the head of a response, so that it leaves with its body in one write."""


class UnreadResponseTimeout(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which aborts a connection whose response stays unread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set a low high-water mark: the transport then buffers only what the kernel has no room for."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self.cancel_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the timer: a response waits to be read."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self.timeout_keep_alive, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: it was read."""
        self.cancel_unread_timer()
        super().resume_writing()

    def cancel_unread_timer(self) -> None:
        """Stop the timer, if it runs."""
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
