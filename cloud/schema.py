"""The store's tables and how a connection to them is opened."""

import sqlite3
from pathlib import Path

from cloud.errors import StoreUnavailable

VERSION = 1

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS presses (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, light TEXT NOT NULL, phone TEXT NOT NULL,
    payload TEXT NOT NULL, message BLOB NOT NULL, boot TEXT NOT NULL, up INTEGER NOT NULL,
    word TEXT NOT NULL, reason TEXT, version TEXT, legs TEXT, asked_at INTEGER NOT NULL, closed_at INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS origins (origin TEXT PRIMARY KEY, phone TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    hash BLOB PRIMARY KEY, phone TEXT NOT NULL, issued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""


def connect(path: Path, patience_s: float) -> sqlite3.Connection:
    """Open the store, made if it is not there. `patience_s`: how long a write waits for another's.

    Autocommit; WAL, so that readers never wait; `synchronous=NORMAL`: a crash of the process loses nothing, a power cut
    at most the newest writes. Raises StoreUnavailable.
    """
    db = None
    try:
        db = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
        db.execute("PRAGMA page_size = 1024")  # a press is small: a third of the bytes to write, and sooner done
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        _create(db)
    except sqlite3.Error as error:
        if db is not None:
            db.close()
        raise StoreUnavailable(f"{path}: {error}") from None
    return db


def _create(db: sqlite3.Connection) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        db.executescript(_TABLES)
    elif version != VERSION:
        message = f"it is of version {version}, this bridge reads {VERSION}"
        raise sqlite3.DatabaseError(message)
