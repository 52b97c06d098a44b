"""A bound on the connections of clients that have not signed in: beyond it the oldest one is aborted.

A WebSocket signs in with its hello. An HTTP connection counts as signed in while a request with a good token is being
answered: between two requests its loss costs nothing.
"""

import asyncio
from typing import Protocol, cast

from presslight.contract import open_files
from presslight.contract.errors import ErrorCode
from presslight.contract.strangers import Strangers

MAX_UNAUTHENTICATED = 4_096
"""The listening socket's backlog: if that many clients connect at once, each still has the time for a hello."""

_SHARE_OF_FILES = 4
_SHARE_OF_ONE_ADDRESS = 4


class ConnectionCounts(Protocol):
    """Counters of what is rejected before it reaches the application."""

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """Count an error that a client was told."""

    def crowded(self, client: str | None) -> None:
        """Count an unauthenticated connection that was aborted because another one came from `client`."""


class UnauthenticatedConnections:
    """At most a quarter of the process's file descriptors, and of those a quarter per address."""

    def __init__(self, counts: ConnectionCounts) -> None:
        limit = max(1, min(MAX_UNAUTHENTICATED, open_files.limit() // _SHARE_OF_FILES))
        self._connections = Strangers(limit, max(1, limit // _SHARE_OF_ONE_ADDRESS))
        self._counts = counts

    def add(self, transport: asyncio.Transport, client: str | None) -> None:
        """Add a connection from this address. Abort the oldest one where that is too many."""
        oldest = self._connections.come(transport, client)
        if oldest is not None:
            self._counts.crowded(client)
            cast(asyncio.Transport, oldest).abort()

    def discard(self, transport: asyncio.Transport) -> None:
        """Remove a connection that has signed in or is closed."""
        self._connections.leave(transport)

    def __len__(self) -> int:
        return len(self._connections)
