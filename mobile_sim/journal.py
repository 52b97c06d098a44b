"""The store of a phone's keys and open presses: a file that only grows, or nothing but memory.

What is promised:

- No key is used twice, not even after a power cut: blocks of counters are taken from the disk (fsync) before use, and
  what was left of a block is never used by a later life of the phone.
- A press is in the file before it is sent, so a phone that is killed asks after it in its next life. The write is not
  forced to the disk, to keep it off the path of the press: a power cut may lose the last seconds' presses. They act at
  most once all the same; the phone then only does not remember to ask.
- A torn last line is dropped (it was never sent). Other damage costs nothing but a new origin.
"""

import errno
import fcntl
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

from presslight.contract.phone import Press
from presslight.contract.words import MAX_SMALL, Moment
from presslight.mobile_sim import journal_state
from presslight.mobile_sim.errors import JournalBroken
from presslight.mobile_sim.journal_state import Done, JournalState, Kept

log = logging.getLogger(__name__)

BLOCK = 16_384
"""Keys taken at once; with the last of them the file is written anew, so it stays below some 5 MB."""


class Journal:
    """Keys and open presses of one phone. `path` None: in memory only, for a phone that lives once.

    Raises JournalBroken from `open`, `next_key` and `keep`; nothing may be sent then.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: int | None = None
        self._state = JournalState(_new_origin(), 0, {})
        self._n = 0

    def open(self) -> tuple[Kept, ...]:
        """Read what an earlier life left, and make sure to be alone. Answers the presses without a last word."""
        try:
            self._file = _lock(self._path) if self._path is not None else None
            self._state = self._read()
            self._n = self._state.upto
            self._take_block()
        except OSError as error:
            self.close()
            raise JournalBroken(f"journal {self._path}: {error.strerror or error}") from error
        except JournalBroken:
            self.close()
            raise
        return tuple(self._state.open.values())

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def next_key(self) -> str:
        """A key that was never used."""
        if self._n >= self._state.upto:
            try:
                self._take_block()
            except OSError as error:
                raise JournalBroken(f"journal {self._path}: {error.strerror or error}") from error
        self._n += 1
        return f"{self._state.origin}-{self._n}"

    def latest(self, light: str) -> Moment | None:
        """The newest deadline given to a light."""
        return self._state.latest.get(light)

    def store_press(self, press: Press, lead_ms: int, unix_ms: int) -> None:
        """Write a press down at the wall clock's `unix_ms`; survives SIGKILL once this returns."""
        kept = Kept(press=press, lead_ms=lead_ms, unix_ms=unix_ms)
        self._append(kept)
        self._state.add_press(kept)

    def forget_press(self, key: str) -> None:
        """The press has its last word. If this cannot be written, a later life asks once more, which does no harm."""
        self._state.close(key)
        try:
            self._append(Done(done=key))
        except JournalBroken as error:
            log.warning("%s", error)

    def _append(self, entry: Kept | Done) -> None:
        if self._file is None:
            return
        text = journal_state.line(entry)
        try:
            written = os.write(self._file, text)
            if written == len(text):
                return
            os.ftruncate(self._file, os.lseek(self._file, 0, os.SEEK_END) - written)
        except OSError as error:
            raise JournalBroken(f"journal {self._path}: {error.strerror or error}") from error
        raise JournalBroken(f"journal {self._path}: the disk is full")

    def _read(self) -> JournalState:
        content = self._path.read_bytes() if self._path is not None else b""
        if not content:
            return JournalState(_new_origin(), 0, {})
        try:
            found = journal_state.read(content)
        except journal_state.NotAJournal:
            raise JournalBroken(f"{self._path} is not a phone's journal; it was left as it is") from None
        return JournalState(_new_origin(), 0, found.latest, found.open) if found.unreadable else found

    def _take_block(self) -> None:
        if self._n + BLOCK > MAX_SMALL:
            self._state.origin, self._n = _new_origin(), 0
        self._state.upto = self._n + BLOCK
        if self._path is not None and self._file is not None:
            replaced, self._file = self._file, _replace(self._path, journal_state.rewrite_journal(self._state))
            os.close(replaced)


def _new_origin() -> str:
    return secrets.token_hex(8)


def _lock(path: Path) -> int:
    """Open for appending, and be the only one. A file that was replaced in between is opened again."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise JournalBroken(f"journal {path}: another phone uses it") from None
        with suppress(FileNotFoundError):
            if os.fstat(file).st_ino == path.stat().st_ino:
                return file
        os.close(file)


def _replace(path: Path, content: bytes) -> int:
    """Put a new file in the old one's place: durably, already locked, and either wholly or not at all."""
    fresh = path.with_name(path.name + ".new")
    file = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_all(file, content)
        os.fsync(file)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError:
        os.close(file)
        fresh.unlink(missing_ok=True)
        raise
    return file


def _write_all(file: int, content: bytes) -> None:
    if os.write(file, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
