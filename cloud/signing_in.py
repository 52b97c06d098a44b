"""How the application tells a connection that its other end has signed in."""

from typing import Protocol

CONNECTION = "presslight.connection"
"""Where a request's scope has its `Connection`, under our own server."""


class Connection(Protocol):
    """What carries a request or a phone's frames."""

    def sign_in(self) -> None:
        """Its other end has shown a good token."""
