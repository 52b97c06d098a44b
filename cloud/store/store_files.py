"""The identity (device and inode) of a SQLite store's files: whether those that were opened are still at the path."""

import os
from pathlib import Path
from typing import TypeAlias

from presslight.cloud.errors import StoreReplaced
from presslight.contract.errors import printable

_Identity: TypeAlias = tuple[int, int]

LOG, INDEX = "-wal", "-shm"
"""Endings of SQLite's write-ahead log and of its index, beside the database."""


class StoreFiles:
    """The files at `path` that were there at `note`. It opens none: close() would drop SQLite's POSIX locks.

    `was_cut`: the database was once shorter than before; it stays True, as what fills it up again is not known.
    """

    def __init__(self, path: Path) -> None:
        self._path = self.log = self._index = os.fspath(path)
        self._database: _Identity | None = None
        self._log: _Identity | None = None
        self._index_file: _Identity | None = None
        self.was_cut = False
        self._bytes = 0
        self._log_bytes = 0

    def remember_files(self) -> None:
        """Remember the files that are there now. Raises OSError."""
        real = os.path.realpath(self._path)  # where a link leads; one that leads elsewhere later shows in the database
        self.log, self._index = real + LOG, real + INDEX
        database, log, index = _identity(self._path), _identity(self.log), _identity(self._index)
        (self._database, self._bytes), (self._log, self._log_bytes), (self._index_file, _) = database, log, index

    def is_wal_whole(self) -> bool:
        """Return False where the WAL is shorter than it was, else True.

        Raises StoreReplaced where a file is missing or another one, or where the database is shorter.
        """
        length = self._found(self._path, self._database)
        if length < self._bytes:
            self.was_cut = True
        if self.was_cut:
            raise self.replaced(self._path, "was cut short")
        log_length = self._found(self.log, self._log)
        self._found(self._index, self._index_file)
        if log_length < self._log_bytes:
            return False
        self._bytes, self._log_bytes = length, log_length
        return True

    @property
    def has_database(self) -> bool:
        """Whether the database file is the remembered one."""
        try:
            found, _length = _identity(self._path)
        except OSError:
            return False
        return found == self._database

    def replaced(self, name: str, what: str) -> StoreReplaced:
        """The error for a file that was replaced. `what`: the predicate of its sentence."""
        return StoreReplaced(f"{printable(name)} {what}: put the store back, or restart the bridge with this one")

    def _found(self, name: str, ours: _Identity | None) -> int:
        """The length in bytes of a file that is still the remembered one. Raises StoreReplaced."""
        try:
            found, length = _identity(name)
        except OSError as error:
            raise self.replaced(name, f"cannot be found ({error.strerror})") from None
        if found != ours:
            raise self.replaced(name, "is another file than the one that was opened")
        return length


def _identity(name: str) -> tuple[_Identity, int]:
    status = os.stat(name)  # noqa: PTH116 -- on the path of a press; a Path takes twice as long
    return (status.st_dev, status.st_ino), status.st_size
