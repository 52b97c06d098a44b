"""Atomic replacement of files: a reader, or a start after a crash, finds the old text or the new one, never a part."""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

PRIVATE = 0o600
"""Mode of a file that only its owner may read."""

PUBLIC = 0o644
"""Mode of a file that everybody may read."""


def replace_files(texts: Mapping[Path, str], mode: int = PRIVATE) -> None:
    """Replace files by rename(2), in this order, once all of them are synced to the disk.

    Nothing changes where one of them cannot be written. Each keeps its owner, group and mode as far as permitted; a new
    file belongs to the folder's owner and has `mode`. No other user can read one in between. Raises OSError.
    """
    with ExitStack() as unused:
        ready = {file: unused.enter_context(_temporary_file(file, text, mode)) for file, text in texts.items()}
        for file, new in ready.items():
            with _name_in_errors(file):
                new.replace(file)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock (flock(2)) on a folder, for a read and a write without another program in between.

    Waits for the lock. A missing folder is created, as it is what is locked, and removed again where it stays empty.
    """
    while True:
        made = _make_folder(folder)
        with ExitStack() as locked:
            handle = locked.enter_context(_locked(folder))
            for place in made:
                locked.callback(_remove_if_empty, place)
            if _is_same_folder(folder, handle):
                yield
                return


def _make_folder(folder: Path) -> tuple[Path, ...]:
    """Create a folder if possible; the folders that were missing, the outermost first."""
    with suppress(OSError):
        missing = tuple(place for place in (folder, *folder.parents) if not place.exists())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return missing[::-1]
    return ()  # the write that follows reports the error


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it is not empty
        folder.rmdir()


def _is_same_folder(folder: Path, handle: int | None) -> bool:
    """Whether the locked folder is still at this path: another program may have removed it during the wait."""
    if handle is None:
        return True
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except OSError:
        return False


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Lock a folder; None where that is impossible: no read permission, or a file system without locks."""
    with ExitStack() as opened:
        handle = None
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            opened.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


@contextmanager
def _temporary_file(file: Path, text: str, mode: int) -> Iterator[Path]:
    """A synced file with this text in the same folder, removed at the end of the block unless it was renamed."""
    with _name_in_errors(file):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with _name_in_errors(file):
            _write_synced(handle, text, file, mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _name_in_errors(file: Path) -> Iterator[None]:
    """Set `filename` of an OSError to `file`: ENOSPC has none, and a rename the temporary file's."""
    try:
        yield
    except OSError as error:
        error.filename = str(file)
        raise


def _write_synced(handle: int, text: str, file: Path, mode: int) -> None:
    """Write and sync the text that replaces `file`."""
    with os.fdopen(handle, "w", encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fchmod(handle, _copy_owner(handle, file, mode))
        os.fsync(handle)


def _copy_owner(handle: int, file: Path, mode: int) -> int:
    """Copy owner and group of `file`, or of its folder; the mode to set: that of `file`, else `mode`."""
    old = file.stat() if file.exists() else None
    owner = old or file.parent.stat()
    try:
        os.fchown(handle, owner.st_uid, owner.st_gid)
    except OSError:
        return mode
    return S_IMODE(old.st_mode) if old else mode
