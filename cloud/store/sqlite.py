"""The store in a file: SQLite, for one bridge, or for several on one machine.

Writes are made directly in the event loop: one takes about 20 µs, a hop to a thread and back 100 µs. fdatasync and
checkpoints run in a thread. These are few: the first write after one restarts the WAL, and waits for the disk for it.

The files are checked before each statement (about 6 µs): SQLite goes on with the files that it has open, whatever is at
the path by now. A bridge would then miss a revoked token, and lose after a restart the presses that it stored.
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
from presslight.cloud.store.group_commit import GroupCommit, OnSynced
from presslight.cloud.store.schema import COLUMNS, OPEN, PLACEHOLDERS, ClosedPress, NewPress, Row
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
"""Seconds that a write waits for another process's lock; it blocks the event loop."""

CHECKPOINT_ROWS = 2_000
CHECKPOINT_S = 60.0
"""After so many rows, or so many seconds, a checkpoint moves the WAL into the database."""

LONGEST_WAL_BYTES = 64 * 2**20

_Done = TypeVar("_Done")

_NEVER = -1
"""A data version that SQLite never reports: any other differs from it."""

_INSERT = f"""
INSERT INTO presses ({COLUMNS}) SELECT {PLACEHOLDERS}
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
    """Rows written on this connection, and SQLite's data version, which others' commits change."""

    rows: int
    data_version: int


class _AlreadyStored(Exception):
    """A text, or the key for it, is stored already: the transaction is rolled back."""


class Sqlite:
    """A Database in the file at `path`. `patience_s`: seconds that a write waits for another process's lock."""

    def __init__(self, path: Path, trouble: Callable[[Exception], None], patience_s: float | None = None) -> None:
        self.path = path
        self._trouble = trouble
        self._patience_s = LOCKED_S if patience_s is None else patience_s
        self._maintenance_lock = threading.Lock()
        self._opening = threading.RLock()  # a thread that opens it anew outlives its cancelled task
        self._is_open = self._is_closed = False
        self._files = StoreFiles(path)
        self._log_is_spare = False
        self._log: int | None = None
        self._commit: GroupCommit | None = None
        self._synced: _Written | None = None
        self._checkpointed: _Written | None = None
        self._checkpointed_at = -CHECKPOINT_S

    def exists(self) -> bool:
        """Return whether there is a store already."""
        return self.path.exists() and self.path.stat().st_size > 0

    def open(self) -> None:
        """Open the file, made if it is not there, and bring its tables to the newest layout. Raises StoreNotOpened."""
        self._db = self._maintenance = connect(self.path)
        try:
            self._maintenance = connect(self.path)
            self._db.execute(f"PRAGMA busy_timeout = {int(self._patience_s * 1000)}")
            self._seen = self._data_version()
            self._files.remember_files()
            self._log = log = os.open(self._files.log, os.O_RDWR)
            self._commit = GroupCommit(partial(os.fdatasync, log))
            self._sync_files(log)
        except StoreNotOpened:
            self._close()
            raise
        except OSError as error:
            self._close()
            raise StoreNotOpened(f"{printable(self.path)}: {error.strerror}") from None
        except FAILED as error:
            self._close()
            raise StoreNotOpened(f"{printable(self.path)}: {cause(error)}") from None
        self._is_open = True

    def _sync_files(self, log: int) -> None:
        """Sync the WAL and the folder: the process that wrote them may have died before it did."""
        os.fdatasync(log)
        folder = os.open(Path(self._files.log).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement. Raises StoreUnavailable."""
        self._check_files()
        with as_store_unavailable():
            return self._db.execute(statement, values).fetchall()

    def admit(self, origin: str, press: NewPress) -> bool:
        """Store a press; False if its key is known. Raises Refusal(FORBIDDEN), StoreUnavailable."""
        self._check_files()
        with as_store_unavailable():
            return self._insert(origin, press)

    def admit_text(self, origin: str, press: NewPress, text: bytes) -> bool:
        """Store a press under a text's digest; False if that or its key is known. Raises as `admit` does."""
        self._check_files()
        with as_store_unavailable(), suppress(_AlreadyStored), transaction(self._db):
            if self._insert(origin, press) and self._db.execute(_NAME, (text, press.key)).rowcount:
                return True
            raise _AlreadyStored
        return False

    def _insert(self, origin: str, press: NewPress) -> bool:
        new = (*press, origin, press.phone)
        if self._db.execute(_INSERT, new).rowcount:
            return True
        if self._db.execute(_BIND, (origin, press.phone)).fetchone()["phone"] != press.phone:
            raise Refusal(ErrorCode.FORBIDDEN)
        return bool(self._db.execute(_INSERT, new).rowcount)

    def write_final_statuses(self, presses: Sequence[ClosedPress]) -> None:
        """Write last words. Raises StoreUnavailable."""
        if not presses:
            return
        self._check_files()
        with as_store_unavailable(), transaction(self._db):
            self._db.executemany(_SETTLE, presses)

    def sync(self, then: OnSynced) -> None:
        """Call `then` once all that was stored up to now is on the disk.

        Syncing the WAL is enough: a checkpoint syncs the database before it lets go of the WAL.
        """
        if self._commit is None:
            return then(StoreUnavailable("it is closed"))
        return self._commit.call_when_synced(then)

    def written_elsewhere(self) -> bool:
        """Return whether another connection has committed since the last call. Raises StoreUnavailable."""
        self._check_files()
        with as_store_unavailable():
            before, self._seen = self._seen, self._data_version()
        return before != self._seen

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()["data_version"])

    def _check_files(self) -> None:
        """Raise StoreReplaced where the files that were opened are not there, StoreUnavailable while it is not open."""
        if not self._is_open:
            raise StoreUnavailable("it is not open")
        if not self._files.is_wal_whole():
            if not self._log_is_checkpointed():
                raise self._files.replaced(self._files.log, "was cut short")
            self._files.remember_files()

    def _log_is_checkpointed(self) -> bool:
        """Whether the WAL is shorter because another program has checkpointed all of it."""
        try:
            done = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except FAILED:
            return False
        return bool(done["log"] == 0)

    async def maintain(self) -> None:
        """Sync what was written and, when due, checkpoint. Call it once a second.

        Where the files were replaced, try to open them again. Raises StoreUnavailable.
        """
        try:
            self._check_files()
        except StoreUnavailable as error:
            if not await self._reopened():
                raise
            self._trouble(error)
        self._log_is_spare = False
        with as_store_unavailable():
            written = _Written(self._db.total_changes, self._data_version())
        if written != self._synced:
            await self._await_disk(written)
        if self._checkpoint_is_due(written):
            await self._checkpoint(written)

    async def _await_disk(self, written: _Written) -> None:
        """Sync, and report a failure each second: only a restart of the bridge ends it."""
        synced: asyncio.Future[StoreUnavailable | None] = asyncio.get_running_loop().create_future()
        self.sync(lambda error: None if synced.done() else synced.set_result(error))
        error = await synced
        if error is None:
            self._synced = written
        else:
            self._trouble(error)

    def _checkpoint_is_due(self, written: _Written) -> bool:
        if written == self._checkpointed:
            return False
        rows = written.rows - (self._checkpointed.rows if self._checkpointed else 0)
        return rows >= CHECKPOINT_ROWS or time.monotonic() - self._checkpointed_at >= CHECKPOINT_S

    async def _checkpoint(self, written: _Written) -> None:
        try:
            await asyncio.to_thread(self._in_maintenance, checkpoint)
            self.restart_log()
        except FAILED as error:
            self._trouble(error)
        else:
            self._checkpointed, self._checkpointed_at = written, time.monotonic()

    async def _reopened(self) -> bool:
        """Whether the database is back, and was opened again with all that this bridge wrote.

        As soon as the files are found to be replaced, our WAL is checkpointed into our database, wherever that is now.
        Its loss costs nothing then, and it cannot be taken for another database's. Not where another process has
        written meanwhile: it may have used files of both.
        """
        if self._files.was_cut:
            return False
        if self._is_open and not self._log_is_spare:
            with as_store_unavailable():
                alone = self._seen == self._data_version()
            self._log_is_spare = alone and await asyncio.to_thread(self._in_maintenance, empty_log)
        if not (self._log_is_spare and self._files.has_database):
            return False
        self._is_open = False
        await asyncio.to_thread(self._open_anew)
        self._seen = _NEVER
        self._synced = self._checkpointed = None
        return True

    def _open_anew(self) -> None:
        """Close and open the file; for a thread, as both may wait long for the disk. Raises StoreNotOpened."""
        with self._opening:
            if not self._is_closed:
                self._close()
                self.open()

    def restart_log(self) -> None:
        """Restart a WAL over LONGEST_WAL_BYTES: under steady load a passive checkpoint never does."""
        log = Path(self._files.log)
        if log.exists() and log.stat().st_size > LONGEST_WAL_BYTES:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def close(self) -> None:
        """Close the file; `maintain` does not open it again."""
        self._is_closed = True
        with self._opening:
            self._close()

    def _close(self) -> None:
        self._is_open = False
        if self._commit is not None:
            self._commit.close()
        if self._log is not None:
            os.close(self._log)
        self._log = self._commit = None
        with suppress(sqlite3.ProgrammingError):  # it is closed already
            self._maintenance.interrupt()  # what is left is moved after the next start
        with self._maintenance_lock:
            self._maintenance.close()
        self._db.close()

    def _in_maintenance(self, work: Callable[[sqlite3.Connection], _Done]) -> _Done:
        """Run `work` in a thread. That outlives a cancelled task, and SQLite crashes if it is closed meanwhile."""
        with self._maintenance_lock:
            return work(self._maintenance)
