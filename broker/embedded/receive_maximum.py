"""Receive Maximum of MQTT 5 (3.3.4): how many PUBLISH packets of QoS 1 a client takes before it acknowledges one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ReceiveMaximum:
    """At most `messages` unacknowledged messages of one client: `async with receive_maximum.slot(size): send it`.

    `unacknowledged` and `unacknowledged_bytes` count the messages in a slot and those that wait for one.
    """

    def __init__(self, messages: int) -> None:
        self.unacknowledged = 0
        self.unacknowledged_bytes = 0
        self._slots = asyncio.Semaphore(messages)

    @asynccontextmanager
    async def slot(self, size: int) -> AsyncIterator[None]:
        """Wait, in turn, for a slot for a message of `size` bytes; it is free again at the end of the block."""
        self.unacknowledged += 1
        self.unacknowledged_bytes += size
        try:
            async with self._slots:
                yield
        finally:
            self.unacknowledged -= 1
            self.unacknowledged_bytes -= size
