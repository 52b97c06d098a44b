"""The store in a file: SQLite, for one bridge, or for several on one machine.

Writes are made directly in the event loop: one takes about 20 µs, a hop to a thread and back 100 µs. What may take
longer (the disk, checkpoints) is done in a thread. The write that comes next after a checkpoint is one of that kind: it
starts the log of changes anew, and SQLite has that on the disk before it goes on. So checkpoints are few.

Before each of them the files are looked at (about 6 µs): SQLite goes on with what it has open, whatever is at the path
by now, and so would know neither who may press nor, after a restart, what was pressed.
"""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from presslight.cloud.errors import Refusal, StoreNotOpened, StoreUnavailable
from presslight.cloud.store.group_commit import GroupCommit, Then
from presslight.cloud.store.schema import COLUMNS, MARKS, OPEN, ClosedPress, NewPress, Row
from presslight.cloud.store.sqlite_connection import (
    FAILED,
    as_store_unavailable,
    cause,
    checkpoint,
    connect,
    empty_log,
    transaction,
)
from presslight.cloud.store.store_files import StoreFiles
from presslight.contract.errors import ErrorCode, printable

LOCKED_S = 0.005
"""How long a write waits where another process holds the lock: the loop stands still meanwhile."""

CHECKPOINT_ROWS = 2_000
CHECKPOINT_S = 60.0
"""After so many rows, or so long, what was written is moved from the log of changes into the database."""

LONGEST_WAL_BYTES = 64 * 2**20

_Done = TypeVar("_Done")

_NEVER = -1
"""No data version: whatever is found is news."""

_INSERT = f"""
INSERT INTO presses ({COLUMNS}) SELECT {MARKS}
WHERE EXISTS (SELECT 1 FROM origins WHERE origin = ? AND phone = ?) ON CONFLICT DO NOTHING
"""  # noqa: S608 -- no value of anybody's is in it
_BIND = """
INSERT INTO origins (origin, phone) VALUES (?, ?) ON CONFLICT (origin) DO UPDATE SET phone = phone RETURNING phone
"""
_NAME = "INSERT INTO texts (digest, key) VALUES (?, ?) ON CONFLICT DO NOTHING"
_SETTLE = f"""
UPDATE presses SET word = ?, reason = ?, version = ?, legs = ?, closed_at = ? WHERE key = ? AND word IN {OPEN}
"""  # noqa: S608 -- no value of anybody's is in it


class _Written(NamedTuple):
    """How many rows were written here, and the data version, which tells what others wrote."""

    rows: int
    data_version: int


class _Known(Exception):
    """A text, or the key for it, is stored already: what was written with it goes back."""


class Sqlite:
    """A Database at `path`. `patience_s`: how long a write waits for another's."""

    def __init__(self, path: Path, trouble: Callable[[Exception], None], patience_s: float | None = None) -> None:
        self.path = path
        self._trouble = trouble
        self._patience_s = LOCKED_S if patience_s is None else patience_s
        self._tidying = threading.Lock()
        self._opening = threading.RLock()  # a thread that opens it anew outlives its cancelled task
        self._is_open = self._is_over = False
        self._files = StoreFiles(path)
        self._log_is_spare = False
        self._log: int | None = None
        self._commit: GroupCommit | None = None
        self._synced: _Written | None = None
        self._moved: _Written | None = None
        self._moved_at = -CHECKPOINT_S

    def exists(self) -> bool:
        """Whether there is a store already."""
        return self.path.exists() and self.path.stat().st_size > 0

    def open(self) -> None:
        """Open it, and make it if it is not there. Raises StoreNotOpened."""
        self._db = self._tidier = connect(self.path)
        try:
            self._tidier = connect(self.path)
            self._db.execute(f"PRAGMA busy_timeout = {int(self._patience_s * 1000)}")
            self._seen = self._data_version()
            self._files.note()
            self._log = log = os.open(self._files.log, os.O_RDWR)
            self._commit = GroupCommit(partial(os.fdatasync, log))
            self._keep(log)
        except StoreNotOpened:
            self._shut()
            raise
        except OSError as error:
            self._shut()
            raise StoreNotOpened(f"{printable(self.path)}: {error.strerror}") from None
        except FAILED as error:
            self._shut()
            raise StoreNotOpened(f"{printable(self.path)}: {cause(error)}") from None
        self._is_open = True

    def _keep(self, log: int) -> None:
        """Have what is there on the disk before anybody relies on it: who wrote it may have died before that."""
        os.fdatasync(log)
        folder = os.open(Path(self._files.log).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement. Raises StoreUnavailable."""
        self._check()
        with as_store_unavailable():
            return self._db.execute(statement, values).fetchall()

    def admit(self, origin: str, press: NewPress) -> bool:
        """Store a press; False if its key is known. Raises Refusal(FORBIDDEN), StoreUnavailable."""
        self._check()
        with as_store_unavailable():
            return self._insert(origin, press)

    def admit_text(self, origin: str, press: NewPress, text: bytes) -> bool:
        """Store a press under a text; False if that or its key is known. Raises as `admit` does."""
        self._check()
        with as_store_unavailable(), suppress(_Known), transaction(self._db):
            if self._insert(origin, press) and self._db.execute(_NAME, (text, press.key)).rowcount:
                return True
            raise _Known
        return False

    def _insert(self, origin: str, press: NewPress) -> bool:
        new = (*press, origin, press.phone)
        if self._db.execute(_INSERT, new).rowcount:
            return True
        if self._db.execute(_BIND, (origin, press.phone)).fetchone()["phone"] != press.phone:
            raise Refusal(ErrorCode.FORBIDDEN)
        return bool(self._db.execute(_INSERT, new).rowcount)

    def settle(self, presses: Sequence[ClosedPress]) -> None:
        """Write last words. Raises StoreUnavailable."""
        if not presses:
            return
        self._check()
        with as_store_unavailable(), transaction(self._db):
            self._db.executemany(_SETTLE, presses)

    def sync(self, then: Then) -> None:
        """Have `then` called once all that was stored up to now is on the disk.

        What is not in the log any more has been moved into the database, which SQLite syncs before it drops a log.
        """
        if self._commit is None:
            return then(StoreUnavailable("it is closed"))
        return self._commit.wait(then)

    def changed(self) -> bool:
        """Whether another process has written since this was last asked. Raises StoreUnavailable."""
        self._check()
        with as_store_unavailable():
            before, self._seen = self._seen, self._data_version()
        return before != self._seen

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()["data_version"])

    def _check(self) -> None:
        """Raise StoreReplaced where the files that were opened are not there, StoreUnavailable while it is not open."""
        if not self._is_open:
            raise StoreUnavailable("it is not open")
        if not self._files.check():
            if not self._log_is_in():
                raise self._files.replaced(self._files.log, "was cut short")
            self._files.note()

    def _log_is_in(self) -> bool:
        """Whether another program has moved the log into the database, all of it, and then cut it short."""
        try:
            done = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except FAILED:
            return False
        return bool(done["log"] == 0)

    async def tend(self) -> None:
        """Have what was written on the disk and, now and then, in the database.

        Where the files are not ours, see whether they are again. Raises StoreUnavailable.
        """
        try:
            self._check()
        except StoreUnavailable as error:
            if not await self._reopened():
                raise
            self._trouble(error)
        self._log_is_spare = False
        with as_store_unavailable():
            written = _Written(self._db.total_changes, self._data_version())
        if written != self._synced:
            await self._await_disk(written)
        if self._is_to_move(written):
            await self._move(written)

    async def _await_disk(self, written: _Written) -> None:
        """Have it on the disk. Where that fails it is told each second: it is over with the bridge's restart only."""
        synced: asyncio.Future[StoreUnavailable | None] = asyncio.get_running_loop().create_future()
        self.sync(lambda error: None if synced.done() else synced.set_result(error))
        error = await synced
        if error is None:
            self._synced = written
        else:
            self._trouble(error)

    def _is_to_move(self, written: _Written) -> bool:
        if written == self._moved:
            return False
        rows = written.rows - (self._moved.rows if self._moved else 0)
        return rows >= CHECKPOINT_ROWS or time.monotonic() - self._moved_at >= CHECKPOINT_S

    async def _move(self, written: _Written) -> None:
        try:
            await asyncio.to_thread(self._tidy, checkpoint)
            self.shorten()
        except FAILED as error:
            self._trouble(error)
        else:
            self._moved, self._moved_at = written, time.monotonic()

    async def _reopened(self) -> bool:
        """Whether the database is there again, and could be opened anew with all that we wrote in it.

        As soon as the files are found to be others, all that is in our log goes into our database, wherever that is
        now. Nobody needs that log then: it cannot be taken for that of another database, and its loss costs nothing.
        But if somebody else has written meanwhile, it may have been with files of both.
        """
        if self._files.was_cut:
            return False
        if self._is_open and not self._log_is_spare:
            with as_store_unavailable():
                alone = self._seen == self._data_version()
            self._log_is_spare = alone and await asyncio.to_thread(self._tidy, empty_log)
        if not (self._log_is_spare and self._files.has_database):
            return False
        self._is_open = False
        await asyncio.to_thread(self._open_anew)
        self._seen = _NEVER
        self._synced = self._moved = None
        return True

    def _open_anew(self) -> None:
        """Shut and open it, in a thread: either may wait long for the disk. Raises StoreNotOpened."""
        with self._opening:
            if not self._is_over:
                self._shut()
                self.open()

    def shorten(self) -> None:
        """Start the log of changes anew if it grew long: under steady load a checkpoint alone never gets to that."""
        log = Path(self._files.log)
        if log.exists() and log.stat().st_size > LONGEST_WAL_BYTES:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def shut(self) -> None:
        """Close it for good."""
        self._is_over = True
        with self._opening:
            self._shut()

    def _shut(self) -> None:
        self._is_open = False
        if self._commit is not None:
            self._commit.close()
        if self._log is not None:
            os.close(self._log)
        self._log = self._commit = None
        with suppress(sqlite3.ProgrammingError):  # it is closed already
            self._tidier.interrupt()  # what is left is moved after the next start
        with self._tidying:
            self._tidier.close()
        self._db.close()

    def _tidy(self, work: Callable[[sqlite3.Connection], _Done]) -> _Done:
        """Do what takes long, in a thread. That outlives its cancelled task, and SQLite crashes if closed amid it."""
        with self._tidying:
            return work(self._tidier)
