"""The interface of a broker that presslight starts itself: `async with … as broker: broker.address`."""

from collections.abc import Collection
from types import TracebackType
from typing import Protocol, Self

from presslight.contract.address import BrokerAddress


class Broker(Protocol):
    """A broker that serves the accounts which it was made with, by the access rules of contract/topics.py."""

    @property
    def address(self) -> BrokerAddress:
        """The address for clients of this machine, without a user; valid once started."""

    async def start(self) -> None:
        """Listen; also again after it ended, at the same address. Raises BrokerError."""

    async def stop(self) -> None:
        """End it, without the wills of its clients, and free the port; `start` may follow."""

    async def wait_until_stopped(self) -> None:
        """Wait until it is stopped. Raises BrokerDied when it ends unasked."""

    async def apply_accounts(self, disconnected: Collection[str]) -> None:
        """Serve the accounts as they are now, and disconnect these users. Raises BrokerDied, BrokerSilent, OSError."""

    async def __aenter__(self) -> Self:
        """Start it."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
