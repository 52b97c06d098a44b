"""Receive Maximum of MQTT 5 (its section 3.3.4): how many messages a client wants on their way to it at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Window:
    """`async with window.place(size)`: in turn, once the client has acknowledged enough of what went before."""

    def __init__(self, messages: int) -> None:
        self.unacknowledged = 0
        self.unacknowledged_bytes = 0
        self._room = asyncio.Semaphore(messages)

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[None]:
        """A place for a message of `size` bytes; those that wait for theirs count as unacknowledged, too."""
        self.unacknowledged += 1
        self.unacknowledged_bytes += size
        try:
            async with self._room:
                yield
        finally:
            self.unacknowledged -= 1
            self.unacknowledged_bytes -= size
