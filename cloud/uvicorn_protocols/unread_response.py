"""An HTTP connection whose answers have to be read: it is kept no longer over an unread one than idle.

Otherwise who reads nothing would keep it as long as it likes: to close waits until all was read.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HIGH_WATER_BYTES = 1_024
"""More than the head of an answer, so that it leaves with its body in one write."""


class ReadInTime(HttpToolsProtocol):
    """uvicorn's HTTP, which drops who does not read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over, with a short buffer: what is in it is what the kernel has no room for."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._unread: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.forget_unread()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Something waits to be read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.timeout_keep_alive, self.transport.abort)

    def resume_writing(self) -> None:
        """It was read."""
        self.forget_unread()
        super().resume_writing()

    def forget_unread(self) -> None:
        """Wait for nobody to read."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
