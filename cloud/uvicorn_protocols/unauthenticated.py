"""Connections at the bridge's door of those who have not signed in: where there are too many, the oldest is dropped.

A WebSocket has signed in with its hello. An HTTP connection has while a request with a good token is answered: between
two requests nobody misses it.
"""

import asyncio
from typing import Protocol, cast

from presslight.contract import open_files
from presslight.contract.errors import ErrorCode
from presslight.contract.strangers import Strangers

MOST_STRANGERS = 4_096
"""As many as may wait in the listening socket: whoever comes with all others at once has the time for a hello."""

_SHARE_OF_FILES = 4
_SHARE_OF_ONE_ADDRESS = 4


class Counts(Protocol):
    """Who counts what was wrong at the door."""

    def error(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """Somebody was told that something was wrong."""

    def crowded(self, client: str | None) -> None:
        """A connection was dropped that had not signed in, as another one came from `client`."""


class Doorstep:
    """Holds transports. Strangers get a quarter of all open files, those of one address a quarter of that."""

    def __init__(self, counts: Counts) -> None:
        most = max(1, min(MOST_STRANGERS, open_files.limit() // _SHARE_OF_FILES))
        self._strangers = Strangers(most, max(1, most // _SHARE_OF_ONE_ADDRESS))
        self._counts = counts

    def come(self, transport: asyncio.Transport, client: str | None) -> None:
        """A connection is a stranger's from now on."""
        oldest = self._strangers.come(transport, client)
        if oldest is not None:
            self._counts.crowded(client)
            cast(asyncio.Transport, oldest).abort()

    def leave(self, transport: asyncio.Transport) -> None:
        """Its other end has signed in, or it is gone."""
        self._strangers.leave(transport)

    def __len__(self) -> int:
        return len(self._strangers)
