"""The interfaces that a phone's session needs: the bridge implements them, tests have stand-ins."""

from typing import Protocol

from presslight.cloud.core.allowance import Allowance
from presslight.cloud.core.presses import Presses
from presslight.cloud.core.principal import Principal
from presslight.cloud.settings import Settings
from presslight.contract.errors import ErrorCode


class Counts(Protocol):
    """Metrics and logs of what phones do."""

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """A phone was told that something was wrong."""

    def on_defect(self, where: str, error: Exception) -> None:
        """The bridge itself failed at something."""

    def sign_in_failed(self, client: str | None) -> None:
        """Somebody came without a good token, from this address."""

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """A phone showed a press `ms` after the finger; the bridge's part was `bridge_us`, if that is known."""


class Subscriber(Protocol):
    """A phone that hears what happens, until it is gone."""

    token: str | None

    def send_light(self, name: str, text: str) -> None:
        """A light changed; `text` is the frame that says so."""

    def send_broker_status(self, text: str) -> None:
        """The broker was lost or found; `text` is the frame that says so."""

    def revoke(self) -> None:
        """The phone's token is not good any more."""

    def on_defect(self, error: Exception) -> None:
        """The bridge failed at this phone: end its session."""


class SessionPorts(Protocol):
    """All that a session needs of the bridge."""

    @property
    def settings(self) -> Settings:
        """The limits."""

    @property
    def presses(self) -> Presses:
        """The presses."""

    @property
    def counts(self) -> Counts:
        """The metrics."""

    def principal_of(self, token: str) -> Principal | None:
        """The phone that a token was issued to. Raises StoreUnavailable."""

    def is_within_press_rate(self, principal: Principal, now: int) -> bool:
        """Whether the phone is within its rate; counts the press."""

    def allowance_of(self, token: str, now: int) -> Allowance:
        """The limits of this token, shared by its phones."""

    def join(self, session: Subscriber) -> None:
        """From now on the phone hears what happens. Raises Refusal(OVERLOADED)."""

    def leave(self, session: Subscriber) -> None:
        """The phone is gone."""
