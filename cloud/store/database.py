"""The interface of both databases, a file (SQLite) or a shared PostgreSQL, and how an address is read and opened."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

from presslight.cloud.errors import StoreNotOpened
from presslight.cloud.store.group_commit import OnSynced
from presslight.cloud.store.schema import ClosedPress, NewPress, Row
from presslight.cloud.store.sqlite import Sqlite
from presslight.contract.errors import Invalid, printable

Address: TypeAlias = Path | str
"""A file's path, or `postgresql://user@host/database`."""

Trouble: TypeAlias = Callable[[Exception], None]
"""Called with an error of a call that nobody waits for."""

PATIENCE_S = 5.0
"""Seconds that a statement may take where no press waits: at the start, and for tokens."""

_SCHEMES = ("postgresql", "postgres")


class Database(Protocol):
    """A database. Each call is one transaction. Each raises StoreUnavailable."""

    def exists(self) -> bool:
        """Return whether there is a store already. Raises StoreNotOpened."""

    def open(self) -> None:
        """Connect, and bring the tables to the newest layout. Raises StoreNotOpened."""

    def run(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement with `?` for each value; return its rows. Each column that is read has a name."""

    def admit(self, origin: str, press: NewPress) -> bool:
        """Store a press, and the phone that its origin belongs to. False if its key is known.

        Raises Refusal(FORBIDDEN) if the origin is another phone's.
        """

    def admit_text(self, origin: str, press: NewPress, text: bytes) -> bool:
        """Store a press, and the SHA-256 of the text that stands for its key. False if either is known.

        Raises Refusal(FORBIDDEN) if the origin is another phone's.
        """

    def write_final_statuses(self, presses: Sequence[ClosedPress]) -> None:
        """Write last words; a press that has one keeps it."""

    def sync(self, then: OnSynced) -> None:
        """Call `then`, now or later, once all that was stored up to now survives a power cut."""

    def written_elsewhere(self) -> bool:
        """Return whether another process may have written since the last call."""

    async def maintain(self) -> None:
        """Sync, checkpoint, reconnect: call it once a second."""

    def close(self) -> None:
        """Close the connection."""


def read_address(text: Path | str) -> Address:
    """Parse a path or a URL. Raises Invalid, which repeats no part of it: any may be a password."""
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
    """The database at an address, not opened yet. `patience_s`: seconds for a statement; None: as presses need.

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
    """Return whether there is a store at an address. Raises StoreNotOpened."""
    return database_at(address, _ignore, PATIENCE_S).exists()


@contextmanager
def patient(address: Address) -> Iterator[Database]:
    """Open a database whose statements may take PATIENCE_S each. Raises StoreUnavailable."""
    database = database_at(address, _ignore, PATIENCE_S)
    database.open()
    try:
        yield database
    finally:
        database.close()


def _ignore(_error: Exception) -> None:
    """Drop an error: the caller gets it as an exception."""
