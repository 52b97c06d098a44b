"""Group commit: one fdatasync for all writes that came while the one before it ran."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

from presslight.cloud.errors import StoreUnavailable

OnSynced: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Called once: None if what was written survives a power cut, else why that is not known."""


class GroupCommit:
    """Calls `sync` in a thread, one call at a time; `sync` puts all that was written on the disk or raises OSError.

    After an error it syncs no more: the kernel may have dropped the dirty pages, and reports that once only.
    """

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._waiting: list[OnSynced] = []
        self._is_at_work = False
        self._broken: StoreUnavailable | None = None

    def call_when_synced(self, then: OnSynced) -> None:
        """Call `then` once all that was written up to now is on the disk."""
        self._waiting.append(then)
        if not self._is_at_work:
            self._begin()

    def close(self) -> None:
        """End the thread after the sync that runs. Callbacks that wait for a further one get StoreUnavailable."""
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

    def _note(self, together: list[OnSynced], synced: "asyncio.Future[None]") -> None:
        error = synced.exception()
        failed = StoreUnavailable(f"the disk failed: {error}") if error is not None else None
        self._broken = failed or self._broken
        self._end(together, failed)

    def _end(self, together: list[OnSynced], error: StoreUnavailable | None) -> None:
        self._is_at_work = False
        if self._waiting:
            self._begin()
        for then in together:
            then(error)
