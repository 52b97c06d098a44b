"""A stack's folder, one stack's at a time: a second one would give its lights the same flash on another broker."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from presslight.contract.errors import PresslightError, printable

LOCK = "up.lock"


class FolderInUse(PresslightError):
    """Another stack runs on that folder."""

    code = "folder_in_use"


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Have a folder for oneself meanwhile; the kernel lets go of it however the process ends. Raises FolderInUse."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _copy_owner(handle, folder)
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _copy_owner(handle: int, folder: Path) -> None:
    """Have the file be of whoever has the folder: one of root's would shut that user out of it."""
    owner = folder.stat()
    with suppress(PermissionError):
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _lock(handle: int, folder: Path) -> None:
    with suppress(OSError):  # a share without locks
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(f"another `presslight up` runs on {printable(folder)}: end it, or name another") from None
