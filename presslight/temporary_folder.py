"""Temporary folders whose rest after a kill is removed by the next one for the same purpose.

Each is locked by its process (flock(2)); the kernel releases the lock when the process ends.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def temporary_folder(purpose: str, place: Path | None = None) -> Iterator[Path]:
    """An empty private folder in `place`, removed at the end of the block. `purpose`: a word in its name."""
    prefix = f"presslight-{purpose}-"
    place = place or Path(tempfile.gettempdir())
    for left in place.glob(f"{prefix}*"):
        with suppress(OSError):  # it is somebody else's, in use, or gone by now
            _remove_unused(left)
    new = Path(tempfile.mkdtemp(dir=place, prefix=f".{prefix}"))
    folder = new.with_name(new.name.removeprefix("."))
    with _locked(new, fcntl.LOCK_SH):
        new.rename(folder)  # only now do others find it, so nobody finds it unlocked
        try:
            yield folder
        finally:
            with suppress(FileNotFoundError):  # whoever tidies up the place was first
                shutil.rmtree(folder)


def _remove_unused(folder: Path) -> None:
    with _locked(folder, fcntl.LOCK_EX) as handle:
        if os.fstat(handle).st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[int]:
    """Lock a folder for the block; its file descriptor. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
        yield handle
    finally:
        os.close(handle)
