"""A connection to the store's file: how it is opened, what its tables are, and what its failures are called."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from presslight.cloud.errors import StoreNotOpened, StoreUnavailable
from presslight.cloud.store.migrations import LaterLayout, Migration, newest_layout, pending_migrations
from presslight.cloud.store.private_file import make_private
from presslight.contract.errors import printable, sentence

OPENING_S = 5.0

FAILED = (sqlite3.Error, UnicodeDecodeError)
"""What Python's `sqlite3` raises: the latter where SQLite names what is spoilt, in bytes that are no UTF-8."""

_WORDS = {
    "number": "INTEGER",
    "text": "TEXT",
    "bytes": "BLOB",
    "int": "INTEGER",
    "strict": " STRICT",
    "compact": " STRICT, WITHOUT ROWID",
}


def connect(path: Path) -> sqlite3.Connection:
    """Open the store, made if it is not there, for its owner alone.

    Autocommit; WAL, so that readers never wait; `synchronous=NORMAL`: a crash of the process loses nothing, a power cut
    at most the newest writes that nobody has had synced. A link is followed, as by SQLite, which puts its other files
    where the link leads; a name by itself could be a URI, or `:memory:`. Raises StoreNotOpened.
    """
    db, path = None, Path(os.path.realpath(path))
    try:
        make_private(path, "-wal", "-shm")
        if not os.access(path, os.W_OK):  # SQLite would open it all the same, and fail at the first press
            raise StoreNotOpened(f"{printable(path)}: it cannot be written")
        db = sqlite3.connect(path, timeout=OPENING_S, isolation_level=None, check_same_thread=False)
        db.text_factory = _text
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA page_size = 1024")  # a press is small: a third of the bytes to write, and sooner done
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        _migrate(db)
        db.execute("PRAGMA foreign_keys = ON")  # a text goes with its press; not where a migration makes a table anew
    except OSError as error:
        raise StoreNotOpened(sentence(error)) from None
    except (LaterLayout, *FAILED) as error:
        if db is not None:
            db.close()
        raise StoreNotOpened(f"{printable(path)}: {cause(error)}") from None
    return db


def checkpoint(db: sqlite3.Connection) -> None:
    """Move the log of changes into the database, as far as nobody is in the way. For a thread: it waits for the disk.

    Raises sqlite3.Error.
    """
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def empty_log(db: sqlite3.Connection) -> bool:
    """Move the log of changes into the database and empty it; answers whether that is done. For a thread."""
    try:
        done = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except FAILED:
        return False
    return not done["busy"]


def _text(raw: bytes) -> str:
    """What is no UTF-8 shows as such, where it is read; it must not take all else that a statement finds with it."""
    return raw.decode(errors="replace")


def cause(error: Exception) -> str:
    """In one line: SQLite's own words may hold what is spoilt."""
    return "it is damaged" if isinstance(error, UnicodeDecodeError) else printable(" ".join(str(error).split()))


def _migrate(db: sqlite3.Connection) -> None:
    """Bring the tables to the newest layout. Raises sqlite3.Error, LaterLayout."""
    if not _pending(db):  # a lock less, so that somebody who holds it for long keeps nobody from reading
        return
    with transaction(db):
        for migration in _pending(db):  # another process may have run them by now
            for statement in migration.statements:
                db.execute(statement.format(**_WORDS))
        db.execute(f"PRAGMA user_version = {newest_layout()}")


def _pending(db: sqlite3.Connection) -> list[Migration]:
    number = db.execute("PRAGMA user_version").fetchone()["user_version"]
    return pending_migrations(number, [row["name"] for row in db.execute("SELECT name FROM sqlite_master")])


@contextmanager
def as_store_unavailable() -> Iterator[None]:
    """What SQLite raises in the block is StoreUnavailable."""
    try:
        yield
    except FAILED as error:
        raise StoreUnavailable(cause(error)) from None


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
