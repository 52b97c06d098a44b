"""Files that outlive the program: a reader, or a start after a crash, finds the old text or the new one, never half."""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

PRIVATE = 0o600
"""The mode of a file that its owner alone may read."""

PUBLIC = 0o644
"""The mode of a file that others may read, too."""


def replace_files(texts: Mapping[Path, str], mode: int = PRIVATE) -> None:
    """Replace files, each in one step and in this order, once all of them are on the disk.

    So nothing is changed where one cannot be written. Each keeps its owner, group and mode, as far as that is allowed;
    a new one is the folder's owner's, of this `mode`. None is read by others in between. Raises OSError.
    """
    with ExitStack() as unused:
        ready = {file: unused.enter_context(_beside(file, text, mode)) for file, text in texts.items()}
        for file, new in ready.items():
            with _told_of(file):
                new.replace(file)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other programs that ask for this from changing files of a folder between our reading and our writing.

    Waits until they are done. A folder that is not there yet is made, as it is what is locked, and taken away again
    where nothing was written.
    """
    while True:
        made = _make(folder)
        with ExitStack() as locked:
            handle = locked.enter_context(_locked(folder))
            for place in made:
                locked.callback(_take_away, place)
            if _is_at(folder, handle):
                yield
                return


def _make(folder: Path) -> tuple[Path, ...]:
    """Make a folder where that can be; answers what was not there, the outermost first."""
    with suppress(OSError):
        missing = tuple(place for place in (folder, *folder.parents) if not place.exists())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return missing[::-1]
    return ()  # whoever writes there is told why


def _take_away(folder: Path) -> None:
    with suppress(OSError):  # there is something in it
        folder.rmdir()


def _is_at(folder: Path, handle: int | None) -> bool:
    """Whether this is still the folder that is found there: another program may have taken it away while we waited."""
    if handle is None:
        return True
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except OSError:
        return False


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Lock a folder meanwhile; None where that cannot be: it may not be read, or lies on a share without locks."""
    with ExitStack() as opened:
        handle = None
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            opened.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


@contextmanager
def _beside(file: Path, text: str, mode: int) -> Iterator[Path]:
    """A file with this text in the same folder, which is gone at the end unless it was moved."""
    with _told_of(file):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with _told_of(file):
            _fill(handle, text, file, mode)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _told_of(file: Path) -> Iterator[None]:
    """Have an error name the file that people know: a full disk names none, a rename the one beside it."""
    try:
        yield
    except OSError as error:
        error.filename = str(file)
        raise


def _fill(handle: int, text: str, file: Path, mode: int) -> None:
    """Write what is to stand in the place of `file`, down to the disk."""
    with os.fdopen(handle, "w", encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fchmod(handle, _give_away(handle, file, mode))
        os.fsync(handle)


def _give_away(handle: int, file: Path, mode: int) -> int:
    """Give a new file to whom `file` belongs, or its folder; answers its mode, `mode` where that is not allowed."""
    old = file.stat() if file.exists() else None
    owner = old or file.parent.stat()
    try:
        os.fchown(handle, owner.st_uid, owner.st_gid)
    except OSError:
        return mode
    return S_IMODE(old.st_mode) if old else mode
