"""Stand-in for the unix port: do not upload. Flash that is full, worn or torn off: what it refuses, and from when on.

`flash ENOSPC write 3`: the third write of this boot and all after it raise ENOSPC; without a number the first does.
What may be refused: `open` (for writing), `write`, `flush` (and the close of what was not flushed), `rename` (and
`remove`), `read` (the opening for it). `flash well`: it refuses nothing any more.

As on littlefs (lfs_file_sync, lfs_file_close; extmod/vfs_lfsx_file.c) what is written is in the file with its flush
or its close, whole, and not before; a file that has met an error stays as it was, and its close says nothing.
"""

# ruff: noqa: D102 -- the names of MicroPython's own files

import builtins
import os as port
import sys

_OWN = "RTC", "clock", "chip"
"""Files that stand for other parts of the chip than its flash. So do those whose name ends in `.late`."""

_ERRORS = {"EIO": 5, "ENOSPC": 28}

_refused = {}
"""By what is done with the flash: the error's number, and how often it goes well before."""

before = []
"""Whom to tell of each step before it is taken."""


def ask(error: str, act: str = "", first: str = "1") -> None:
    """Refuse an act from the `first` on, or nothing more."""
    if error == "well":
        _refused.clear()
    else:
        _refused[act] = [_ERRORS[error], int(first) - 1]


def step(act: str) -> None:
    """Let this act pass, or raise what the flash has against it."""
    for each in before:
        each()
    refusal = _refused.get(act)
    if refusal:
        if refusal[1] <= 0:
            raise OSError(refusal[0])
        refusal[1] -= 1


class Written:
    """A file that is open for writing, with all that it will hold; `mode` is that of `open`."""

    def __init__(self, path: str, mode: str) -> None:
        self._path = path
        self._kind = "b" if "b" in mode else ""
        self._content = _kept(path, self._kind) if "w" not in mode else b"" if self._kind else ""
        self._is_due = "w" in mode  # an empty file is one as well
        self._is_broken = False

    def __enter__(self) -> "Written":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, content: bytes) -> int:
        self._step("write")
        self._content += content
        self._is_due = True
        return len(content)

    def flush(self) -> None:
        if self._is_due and not self._is_broken:
            self._step("flush")
            with _port_open(self._path + ".late", "w" + self._kind) as file:
                file.write(self._content)
            port.rename(self._path + ".late", self._path)
            self._is_due = False

    def close(self) -> None:
        self.flush()

    def _step(self, act: str) -> None:
        self._is_broken = True
        step(act)
        self._is_broken = False


class Os:
    """The module `os`, whose `rename` and `remove` change the flash."""


def _open(path: str, mode: str = "r", *rest: object) -> object:
    name = path.rpartition("/")[2]
    if name in _OWN or name.endswith(".late"):
        return _port_open(path, mode, *rest)
    if "r" in mode and "+" not in mode:
        step("read")
        return _port_open(path, mode, *rest)
    step("open")
    return Written(path, mode)


def _kept(path: str, kind: str) -> bytes:
    with _port_open(path, "r" + kind) as file:
        return file.read()


def _changing(act: object) -> object:
    def change(*places: str) -> None:
        if not places[0].endswith(".late"):
            step("rename")
        act(*places)

    return change


_port_open = builtins.open
builtins.open = _open
for _name in dir(port):
    setattr(Os, _name, getattr(port, _name))
Os.rename = _changing(port.rename)
Os.remove = Os.unlink = _changing(port.remove)
sys.modules["os"] = Os
