"""Lock of a stack's folder: a second stack would run lights with the same flash at another broker."""

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
    """Lock a folder (flock(2)) for the block; the kernel releases it when the process ends. Raises FolderInUse."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _copy_owner(handle, folder)
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _copy_owner(handle: int, folder: Path) -> None:
    """Give the lock file to the folder's owner, who could not open one of root's."""
    owner = folder.stat()
    with suppress(PermissionError):
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _lock(handle: int, folder: Path) -> None:
    with suppress(OSError):  # a share without locks
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(f"another `presslight up` runs on {printable(folder)}: end it, or name another") from None
