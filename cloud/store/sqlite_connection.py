"""A connection to the store's SQLite file: opening, migration, checkpoints, transactions, errors."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from presslight.cloud.errors import StoreNotOpened, StoreUnavailable
from presslight.cloud.store.migrations import LaterLayout, Migration, newest_layout, pending_migrations
from presslight.cloud.store.private_file import make_private
from presslight.contract.errors import printable, sentence

OPENING_S = 5.0
_AGAIN_S = 0.005

FAILED = (sqlite3.Error, UnicodeDecodeError)
"""Exceptions of Python's `sqlite3`: the latter where an error message of SQLite's is not UTF-8."""

_WORDS = {
    "number": "INTEGER",
    "text": "TEXT",
    "bytes": "BLOB",
    "int": "INTEGER",
    "strict": " STRICT",
    "compact": " STRICT, WITHOUT ROWID",
}


def connect(path: Path) -> sqlite3.Connection:
    """Open the store's file, created with mode 0600, and bring its tables to the newest layout.

    Autocommit; WAL, so that readers never wait; `synchronous=NORMAL`: a crash of the process loses nothing, a power cut
    at most the newest commits that were not synced. A symbolic link is followed, as by SQLite, which puts its other
    files where the link leads; a bare name could be a URI, or `:memory:`. Raises StoreNotOpened.
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
        _use_wal(db)
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


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL. Where another process makes the store now, SQLite fails at once, whatever its timeout: try again.

    Raises sqlite3.Error, after OPENING_S at the latest.
    """
    until = monotonic() + OPENING_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() >= until:
                raise
            sleep(_AGAIN_S)
        else:
            return


def checkpoint(db: sqlite3.Connection) -> None:
    """Checkpoint the WAL as far as no reader is in the way; for a thread, as it waits for the disk.

    Raises sqlite3.Error.
    """
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def empty_log(db: sqlite3.Connection) -> bool:
    """Checkpoint the whole WAL and truncate it; return whether that was possible. For a thread."""
    try:
        done = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except FAILED:
        return False
    return not done["busy"]


def _text(raw: bytes) -> str:
    """Decode a TEXT value, U+FFFD for what is not UTF-8: one spoilt row must not fail a whole statement."""
    return raw.decode(errors="replace")


def cause(error: Exception) -> str:
    """An error's text in one printable line: SQLite's may quote spoilt data."""
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
    """Raise SQLite's errors in the block as StoreUnavailable."""
    try:
        yield
    except FAILED as error:
        raise StoreUnavailable(cause(error)) from None


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run the block in a transaction; roll it back on an exception."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
