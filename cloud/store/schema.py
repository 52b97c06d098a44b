"""The rows of the store, columns by name. The tables themselves are in migrations.py. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol


class Row(Protocol):
    """A row that was read, as both drivers give it (`sqlite3.Row`, psycopg's `dict_row`)."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""

    def keys(self) -> Iterable[str]:
        """The columns' names, in the statement's order."""


class NewPress(NamedTuple):
    """A press as it is stored at first: columns of `presses`, in the order of an INSERT. `asked_at`: Unix ms."""

    key: str
    light: str
    phone: str
    payload: str
    message: bytes
    boot: str
    up: int
    word: str
    reason: str | None
    version: str | None
    legs: str | None
    asked_at: int


class ClosedPress(NamedTuple):
    """A press's last word: columns of `presses`, in the order of an UPDATE. `closed_at`: Unix ms."""

    word: str
    reason: str | None
    version: str | None
    legs: str | None
    closed_at: int
    key: str


COLUMNS = ", ".join(NewPress._fields)
"""The columns of a new press."""

PLACEHOLDERS = ", ".join("?" * len(NewPress._fields))
"""A placeholder for each of them."""

OPEN = "('accepted', 'unconfirmed')"
"""The words that are not the last one."""
