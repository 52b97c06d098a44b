"""A database's file that its owner alone may read and write, whatever its folder's rights and the umask are."""

import os
from contextlib import suppress
from pathlib import Path

MODE = 0o600


def make_private(path: Path, *beside: str) -> None:
    """Create the file with mode 0600, or take group's and others' rights to it, and to the files `beside` it.

    `beside`: endings of their names. An existing file is not opened: close() would drop this process's POSIX locks on
    it. Files of other users stay as they are. Raises OSError.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE))
    for ending in ("", *beside):
        with suppress(FileNotFoundError):
            _close_to_others(path.with_name(path.name + ending))


def _close_to_others(path: Path) -> None:
    found = path.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid() and path.is_file():
        path.chmod(MODE)
