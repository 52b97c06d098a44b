"""Where presses are stored: a file (SQLite), or a PostgreSQL that bridges share. What the store needs of both."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

from presslight.cloud.errors import StoreNotOpened
from presslight.cloud.store.group_commit import Then
from presslight.cloud.store.schema import ClosedPress, NewPress, Row
from presslight.cloud.store.sqlite import Sqlite
from presslight.contract.errors import Invalid, printable

Address: TypeAlias = Path | str
"""A file's path, or `postgresql://user@host/database`."""

Trouble: TypeAlias = Callable[[Exception], None]
"""Hears what went wrong with something that nobody waits for."""

PATIENCE_S = 5.0
"""How long a database may take where nobody presses: at the start, and for tokens."""

_SCHEMES = ("postgresql", "postgres")


class Database(Protocol):
    """One database. Each call is one statement: all of it happens or nothing. Each raises StoreUnavailable."""

    def exists(self) -> bool:
        """Whether there is a store already."""

    def open(self) -> None:
        """Connect, and make the tables if they are not there."""

    def run(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement in which `?` stands for a value; answers its rows. Statements name each column they read."""

    def admit(self, origin: str, press: NewPress) -> bool:
        """Store a press, and whose its origin is. False if its key is known.

        Raises Refusal(FORBIDDEN) if the origin is another phone's.
        """

    def admit_text(self, origin: str, press: NewPress, text: bytes) -> bool:
        """Store a press, and the digest of the text that stands for its key. False if either is known.

        Raises Refusal(FORBIDDEN) if the origin is another phone's.
        """

    def settle(self, presses: Sequence[ClosedPress]) -> None:
        """Write last words, but where there is one."""

    def sync(self, then: Then) -> None:
        """Have `then` called, now or later, once all that was stored up to now survives a power cut."""

    def changed(self) -> bool:
        """Whether somebody else may have written since this was last asked."""

    async def tend(self) -> None:
        """Do what is due once a second."""

    def shut(self) -> None:
        """Let go of it."""


def read_address(text: Path | str) -> Address:
    """Read what people write: a path or a URL. Raises Invalid, repeating nothing: any part may be a password."""
    if not text:
        raise Invalid("the store's name is empty: name a file, or postgresql://user@host/database")
    if isinstance(text, Path) or "://" not in text:
        return _read_path(Path(os.path.expanduser(text)))  # noqa: PTH111 -- Path's own raises for ~nobody
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Invalid("the store's address is no URL") from None
    if parts.scheme not in _SCHEMES:
        raise Invalid("a store is a file's path or postgresql://user@host/database")
    if parts.password or "password=" in unquote(parts.query):
        raise Invalid("keep the store's password out of its address: PGPASSWORD or libpq's password file holds it")
    return text


def _read_path(path: Path) -> Path:
    if not path.name:
        raise Invalid(f"the store is a file, and {printable(path)} is a folder")
    return path


def database_at(address: Address, trouble: Trouble, patience_s: float | None = None) -> Database:
    """The database at an address, not opened yet. `patience_s`: how long a statement may take; None: as presses need.

    Raises StoreNotOpened where the driver is missing.
    """
    if isinstance(address, Path):
        return Sqlite(address, trouble, patience_s)
    try:
        from presslight.cloud.store.postgres import Postgres  # noqa: PLC0415 -- its driver is an extra that a file does without
    except ImportError:
        raise StoreNotOpened(
            f"PostgreSQL needs its driver: python3 -m pip --python {sys.executable} install 'psycopg[binary]>=3.3.6'"
        ) from None
    return Postgres(address, trouble, patience_s)


def has_store(address: Address) -> bool:
    """Whether a bridge has made a store there. Raises StoreNotOpened."""
    return database_at(address, _ignore, PATIENCE_S).exists()


@contextmanager
def patient(address: Address) -> Iterator[Database]:
    """Open a database for something that may take a while. Raises StoreUnavailable."""
    database = database_at(address, _ignore, PATIENCE_S)
    database.open()
    try:
        yield database
    finally:
        database.shut()


def _ignore(_error: Exception) -> None:
    """Nobody hears it: whoever waits for the answer hears of the error itself."""
