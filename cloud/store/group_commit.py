"""Writes that wait for the disk together: whoever comes while it is at work shares the next turn."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

from presslight.cloud.errors import StoreUnavailable

Then: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Hears once that what was written survives a power cut, or why nobody can know that."""


class GroupCommit:
    """`sync` has the disk take all that was written, or raises OSError; it is called in a thread, one at a time.

    After an error nothing is synced any more: the kernel may have dropped what it could not write, and says so once.
    """

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._waiting: list[Then] = []
        self._is_at_work = False
        self._broken: StoreUnavailable | None = None

    def wait(self, then: Then) -> None:
        """Have `then` called once all that was written up to now is on the disk."""
        self._waiting.append(then)
        if not self._is_at_work:
            self._begin()

    def close(self) -> None:
        """Let go of the thread once it is done. Who waits for a further turn hears that there is none."""
        self._broken = self._broken or StoreUnavailable("it was closed")
        self._thread.shutdown()

    def _begin(self) -> None:
        together, self._waiting = self._waiting, []
        self._is_at_work = True
        if self._broken is not None:
            asyncio.get_running_loop().call_soon(self._end, together, self._broken)
        else:
            synced = asyncio.get_running_loop().run_in_executor(self._thread, self._sync)
            synced.add_done_callback(partial(self._note, together))

    def _note(self, together: list[Then], synced: "asyncio.Future[None]") -> None:
        error = synced.exception()
        failed = StoreUnavailable(f"the disk failed: {error}") if error is not None else None
        self._broken = failed or self._broken
        self._end(together, failed)

    def _end(self, together: list[Then], error: StoreUnavailable | None) -> None:
        self._is_at_work = False
        if self._waiting:
            self._begin()
        for then in together:
            then(error)
