"""A bounded queue that serves its writers in order of arrival."""

import asyncio
from typing import Any

MAX_QUEUED = 2
"""Messages in the queue: a press waits behind them, so only as many as keep amqtt busy."""


class FairQueue(asyncio.Queue[Any]):
    """A queue of `room` items whose writers are served in order of arrival.

    In a full asyncio.Queue one flooding writer starves the others.
    """

    def __init__(self, room: int = MAX_QUEUED) -> None:
        super().__init__()
        self._room = asyncio.Semaphore(room)

    async def put(self, item: Any) -> None:
        """Append once there is room, in order of arrival."""
        await self._room.acquire()
        self.put_nowait(item)

    async def get(self) -> Any:
        """Remove and return the oldest item."""
        item = await super().get()
        self._room.release()
        return item
