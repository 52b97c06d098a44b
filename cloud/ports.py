"""What the desk and the phones' conversations need of others; the shells provide it, tests stand in for it."""

from typing import TYPE_CHECKING, Protocol

from cloud.house import Folded
from cloud.press import Press
from cloud.record import Record
from contract.errors import ErrorCode
from contract.phone import PressOutcome

if TYPE_CHECKING:
    from cloud.conversation import Conversation
    from cloud.desk import Desk
    from cloud.settings import Settings


class Watcher(Protocol):
    """Who asked for a press and hears its words."""

    def hear(self, outcome: PressOutcome, text: str) -> None:
        """Take a word: as it is, and as the frame made of it once for all."""


class Ledger(Protocol):
    """The store. Each raises StoreUnavailable, but `close`, which keeps what it could not write."""

    def admit(self, record: Record) -> None:
        """Store a new press. Raises KnownAlready; Refusal(FORBIDDEN) if the key's origin is another phone's."""

    def close(self, record: Record) -> None:
        """Store a last word."""

    def find(self, key: str) -> Record | None:
        """What is stored of a press."""

    def open_presses(self) -> list[Record]:
        """The presses without a last word."""


class Line(Protocol):
    """The line to the broker."""

    def hand_over(self, light: str, message: bytes, key: str) -> int | None:
        """Send a set message. Answers when (ns) it was handed over, None if there is no broker."""


class Audience(Protocol):
    """The phones, all of them."""

    def light(self, name: str, text: str) -> None:
        """A light changed; `text` is the frame."""

    def status(self, text: str) -> None:
        """The broker was lost or found; `text` is the frame."""


class Observer(Protocol):
    """Who measures and logs."""

    def said(self, press: Press) -> None:
        """A press has a new word."""

    def folded(self, light: str, folded: Folded) -> None:
        """A report was taken in."""


class Counts(Protocol):
    """Who counts and measures what phones do."""

    def error(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """A phone was told that something was wrong."""

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """A phone showed a press `ms` after the finger; the bridge's part was `bridge_us`, if that is known."""


class Board(Protocol):
    """What a conversation needs of the bridge."""

    @property
    def settings(self) -> "Settings":
        """The limits."""

    @property
    def desk(self) -> "Desk":
        """Where presses go."""

    @property
    def counts(self) -> Counts:
        """Who counts."""

    def phone_of(self, token: str) -> str | None:
        """The phone that a token was issued to. Raises StoreUnavailable."""

    def may_press(self, phone: str, now: int) -> bool:
        """Whether the phone is within its rate; counts the press."""

    def join(self, talk: "Conversation") -> None:
        """From now on the phone hears what happens. Raises Refusal(OVERLOADED)."""

    def leave(self, talk: "Conversation") -> None:
        """The phone is gone."""
