"""How the application tells a connection that its other end has signed in."""

from typing import Protocol

from presslight.cloud.core.allowance import Allowance

CONNECTION = "presslight.connection"
"""Where a request's scope has its `Connection`, under our own server."""


class Connection(Protocol):
    """What carries a request or a phone's frames."""

    def sign_in(self, allowance: Allowance) -> None:
        """Its other end has shown a good token, which may use up this."""
