"""The far end of a lab: an event loop of its own, in a thread that is in another namespace."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lab.namespace import Namespace

Result = TypeVar("Result")


class PhoneEnd:
    """`with PhoneEnd(namespace) as end: await end.run(coroutine)`: what that connects, it connects from there."""

    def __init__(self, space: Namespace) -> None:
        self._space = space
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event
        self._thread = threading.Thread(target=self._live, name="phone end")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def run(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine there, and give what it gives."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(story, self._loop))

    def _live(self) -> None:
        with self._space.entered():
            asyncio.run(self._wait())

    async def _wait(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._over.wait()
