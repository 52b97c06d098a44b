"""The interface by which the application tells a connection that its client has signed in."""

from typing import Protocol

from presslight.cloud.core.allowance import Allowance

CONNECTION = "presslight.connection"
"""Key of the `Connection` in a request's ASGI scope. Other servers than ours set none."""


class Connection(Protocol):
    """The connection that carries a request or a phone's frames."""

    def sign_in(self, allowance: Allowance) -> None:
        """Count the client as authenticated, and its use against this allowance."""
