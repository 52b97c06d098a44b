"""Periodic maintenance of the store: pruning, use of tokens, and closing sockets whose tokens were revoked."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.phones import Phones
from presslight.cloud.settings import Settings
from presslight.cloud.store.forgetting import Forgetting
from presslight.cloud.store.store import PRUNED_AT_ONCE, Store
from presslight.cloud.store.token_use import WRITTEN_EACH_S
from presslight.cloud.telemetry.observer import BridgeObserver
from presslight.contract.rate import Bucket

UPKEEP_S = 1.0
"""Interval of the maintenance."""

TOKENS_PER_QUERY = 500
"""Tokens that the store is asked about in one step; presses come in between two steps."""


class Upkeep:
    """Maintains the store until it is cancelled. `now`: monotonic clock, ns."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        phones: Phones,
        forgetting: Forgetting,
        counts: BridgeObserver,
        now: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._store = store
        self._phones = phones
        self._forgetting = forgetting
        self._counts = counts
        self._now = now
        self._uses_noted = Bucket(1 / WRITTEN_EACH_S, 1, now())
        self._must_check_tokens = False

    async def run(self) -> NoReturn:
        """Maintain the store each `UPKEEP_S`. Errors are counted, and the next round tries again."""
        while True:
            await asyncio.sleep(UPKEEP_S)
            try:
                await self._store.maintain()
                await self._close_revoked()
                await self._prune()
                await self._write_uses()
            except StoreUnavailable as error:
                self._counts.store_trouble(error)
            except Exception as error:
                self._counts.on_defect("upkeep", error)
            else:
                self._counts.store_good()

    async def _close_revoked(self) -> None:
        """Close the sockets whose tokens have expired, or were revoked by this or another process."""
        written_elsewhere = self._store.written_elsewhere()
        self._forgetting.note_write(written_elsewhere=written_elsewhere)
        self._must_check_tokens = written_elsewhere or self._store.has_expired() or self._must_check_tokens
        sessions = list(self._phones.connected) if self._must_check_tokens else []
        for start in range(0, len(sessions), TOKENS_PER_QUERY):
            some = sessions[start : start + TOKENS_PER_QUERY]
            good = self._store.valid_tokens(session.token or "" for session in some)
            for session in some:
                if session.token not in good:
                    session.revoke()
            await asyncio.sleep(0)  # presses come first
        self._must_check_tokens = False

    async def _prune(self) -> None:
        """Delete closed presses beyond `keep_hours` and `keep_presses`."""
        keep_s = self._settings.keep_hours * 3600
        more = True
        while more:
            more = self._store.prune(keep_s, self._settings.keep_presses) == PRUNED_AT_ONCE
            await asyncio.sleep(0)  # presses come first

    async def _write_uses(self) -> None:
        """Store which tokens are in use, each `WRITTEN_EACH_S`; an open socket is a use."""
        if self._uses_noted.take_tokens(self._now()):
            sessions = list(self._phones.connected)
            for start in range(0, len(sessions), TOKENS_PER_QUERY):
                self._store.note_uses(session.token or "" for session in sessions[start : start + TOKENS_PER_QUERY])
                await asyncio.sleep(0)  # presses come first
        self._store.write_uses()
