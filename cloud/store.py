"""The store of presses, in SQLite: each is written before it is sent, so a key means one press whatever crashes.

Writes are made directly in the event loop: one takes about 20 µs, a hop to a thread and back 100 µs. Last words are
written some milliseconds later, many at once (4 µs each): should a crash lose them, the light is asked again. What may
take longer (checkpoints) is done by `checkpoint`, which is safe to call in a thread.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cloud.errors import KnownAlready, Refusal, StoreUnavailable
from cloud.record import Record
from cloud.schema import connect
from cloud.tokens import hash_of
from contract.errors import ErrorCode
from contract.phone import Legs
from contract.words import Reason, Word, split_key

OPENING_S = 5.0
LOCKED_S = 0.005
"""How long a write waits where another process holds the lock: the loop stands still meanwhile."""

FLUSH_S = 0.05
RETRY_S = 1.0
MOST_UNWRITTEN = 10_000
PRUNED_AT_ONCE = 500
MOST_ORIGINS = 4_096
LONGEST_WAL_BYTES = 64 * 2**20

_FIELDS = "key, light, phone, payload, message, boot, up, word, reason, version, legs"
_OPEN = (Word.ACCEPTED.value, Word.UNCONFIRMED.value)

_PRUNE = """
DELETE FROM presses WHERE id IN (SELECT id FROM presses WHERE word NOT IN (?, ?) ORDER BY id LIMIT ?)
AND (asked_at < ? OR id <= (SELECT max(id) FROM presses) - ?) RETURNING key
"""
_UNBIND = """
DELETE FROM origins WHERE origin = ? AND NOT EXISTS (SELECT 1 FROM presses WHERE key > ? AND key < ?)
"""

Later = Callable[[float, Callable[[], None]], object]
"""Calls something in so many seconds, like a loop's `call_later`."""


class Store:
    """Presses, origins and tokens at `path`. `trouble` hears what went wrong with a write that nobody waits for."""

    def __init__(self, path: Path, later: Later, trouble: Callable[[sqlite3.Error], None]) -> None:
        self.path = path
        self._later = later
        self._trouble = trouble
        self._unwritten: dict[str, Record] = {}
        self._origins: dict[str, str] = {}
        self._flushing = False

    def open(self) -> None:
        """Open it, and make it if it is not there. Raises StoreUnavailable."""
        self._db = connect(self.path, OPENING_S)
        self._db.execute(f"PRAGMA busy_timeout = {int(LOCKED_S * 1000)}")
        self._seen = self._data_version()

    # Presses

    def admit(self, record: Record) -> None:
        """Store a new press. Raises KnownAlready, Refusal(FORBIDDEN), StoreUnavailable."""
        try:
            self._bind(split_key(record.key)[0], record.phone)
            self._insert(record)
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None

    def _insert(self, record: Record) -> None:
        marks = "?, " * len(record)
        written = self._db.execute(
            f"INSERT INTO presses ({_FIELDS}, asked_at) VALUES ({marks}?) ON CONFLICT DO NOTHING",  # noqa: S608 -- no value of anybody's is in it
            (*_row(record), _unix_ms()),
        )
        known = self.find(record.key) if written.rowcount == 0 else None
        if known is not None:
            raise KnownAlready(known)

    def _bind(self, origin: str, phone: str) -> None:
        """The first phone that uses an origin owns it."""
        owner = self._origins.get(origin)
        if owner is None:
            self._db.execute("INSERT INTO origins VALUES (?, ?) ON CONFLICT DO NOTHING", (origin, phone))
            owner = str(self._db.execute("SELECT phone FROM origins WHERE origin = ?", (origin,)).fetchone()[0])
            if len(self._origins) >= MOST_ORIGINS:
                self._origins.clear()
            self._origins[origin] = owner
        if owner != phone:
            raise Refusal(ErrorCode.FORBIDDEN)

    def close(self, record: Record) -> None:
        """Keep a last word, to be written soon."""
        if len(self._unwritten) < MOST_UNWRITTEN:
            self._unwritten[record.key] = record
        self._flush_in(FLUSH_S)

    def _flush_in(self, seconds: float) -> None:
        if not self._flushing:
            self._flushing = True
            self._later(seconds, self.flush)

    def flush(self) -> None:
        """Write the last words that wait. What cannot be written now waits on."""
        self._flushing = False
        rows = [(*_row(record)[7:], _unix_ms(), record.key) for record in self._unwritten.values()]
        try:
            with _transaction(self._db):
                self._db.executemany(
                    "UPDATE presses SET word = ?, reason = ?, version = ?, legs = ?, closed_at = ?"
                    " WHERE key = ? AND closed_at IS NULL",
                    rows,
                )
        except sqlite3.Error as error:
            self._trouble(error)
            self._flush_in(RETRY_S)
        else:
            self._unwritten.clear()

    def find(self, key: str) -> Record | None:
        """What is stored of a press. Raises StoreUnavailable."""
        waiting = self._unwritten.get(key)
        return waiting or next(iter(self._read("key = ?", key)), None)

    def open_presses(self) -> list[Record]:
        """The presses without a last word, oldest first. Raises StoreUnavailable."""
        return self._read("word IN (?, ?) ORDER BY id", *_OPEN)

    def _read(self, where: str, *values: str) -> list[Record]:
        try:
            rows = self._db.execute(f"SELECT {_FIELDS} FROM presses WHERE {where}", values).fetchall()  # noqa: S608 -- `where` is one of the two above
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None
        return [_record(row) for row in rows]

    # Phones

    def phone_of(self, token: str) -> str | None:
        """The phone that a token was issued to, None if it is not good. Raises StoreUnavailable."""
        try:
            row = self._db.execute("SELECT phone FROM tokens WHERE hash = ?", (hash_of(token),)).fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None
        return None if row is None else str(row[0])

    def touched(self) -> bool:
        """Whether another process has written since this was last asked: tokens may have been revoked."""
        before, self._seen = self._seen, self._data_version()
        return before != self._seen

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # Upkeep

    def prune(self, keep_s: float, keep_presses: int) -> int:
        """Forget some of the presses that are too old or too many and have a last word; answers how many went."""
        old = (_unix_ms() - int(keep_s * 1000), keep_presses)
        try:
            with _transaction(self._db):
                gone = self._db.execute(_PRUNE, (*_OPEN, PRUNED_AT_ONCE, *old)).fetchall()
                self._unbind({split_key(key)[0] for (key,) in gone})
        except sqlite3.Error as error:
            self._trouble(error)
            return 0
        return len(gone)

    def _unbind(self, origins: set[str]) -> None:
        """Forget whose these origins are, where no press of theirs is left."""
        for origin in origins:
            self._origins.pop(origin, None)
        self._db.executemany(_UNBIND, [(origin, f"{origin}-", f"{origin}.") for origin in origins])

    def shorten(self) -> None:
        """Start the log of changes anew if it grew long: under steady load a checkpoint alone never gets to that."""
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size > LONGEST_WAL_BYTES:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def shut(self) -> None:
        """Write what waits and close."""
        self.flush()
        self._db.close()


def checkpoint(path: Path) -> None:
    """Move the log of changes into the database, as far as nobody is in the way. For a thread: it waits for the disk.

    Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _row(record: Record) -> tuple[Any, ...]:
    *same, word, reason, version, legs = record
    return (*same, word, reason, json.dumps(version) if version else None, legs.model_dump_json() if legs else None)


def _record(row: tuple[Any, ...]) -> Record:
    known = Record(*row)
    version = json.loads(row[9]) if row[9] else None
    return known._replace(
        word=Word(known.word),
        reason=Reason(known.reason) if known.reason else None,
        version=(version[0], version[1]) if version else None,
        legs=Legs.model_validate_json(row[10]) if row[10] else None,
    )


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
