"""A process that has loaded presslight, and forks for each `presslight …` that a test starts: half a second less each.

A command comes from `tests/forked.py` as JSON, with the files that it gets. It runs as `python -m` would run it.
"""

import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import termios
from contextlib import suppress
from typing import Any

LOADED = (
    *(
        "presslight.command",
        "presslight.verbs.up",
        "presslight.foreground",
        "presslight.verbs.token",
        "presslight.verbs.forget",
    ),
    *("presslight.verbs.measure", "presslight.verbs.light", "presslight.mobile_sim.phone"),
    *("encodings.idna", "pydantic.v1"),  # what a server loads as it starts
)
LARGEST = 262_144
CLONE_NEWNET = 0x4000_0000


def main() -> None:
    """Serve until the other end of the socket given as an argument is closed; in a forked process, run its command."""
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()  # what is here is never garbage
    asked = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if asked:
        _run(asked)


class Server:
    """Forks for each command that comes, tells its pid, and how it ended once it has."""

    def __init__(self, tests: socket.socket) -> None:
        self._tests = tests
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._poller = select.poll()

    def serve(self) -> dict[str, Any] | None:
        """Answers in each forked process, with its command, and with None where no more can come."""
        self._poller.register(self._tests, select.POLLIN)
        while True:
            for ready, _ in self._poller.poll():
                if ready in self._running:
                    self._reap(ready)
                    continue
                message, files, _, _ = socket.recv_fds(self._tests, LARGEST, 5)
                if not message:
                    return None
                if not (pid := os.fork()):
                    _take(files)
                    return dict(json.loads(message))
                self._watch(pid, files)

    def _watch(self, pid: int, files: list[int]) -> None:
        status = socket.socket(fileno=files.pop())
        for file in files:
            os.close(file)
        _tell(status, pid)
        handle = os.pidfd_open(pid)
        self._running[handle] = pid, status
        self._poller.register(handle, select.POLLIN)

    def _reap(self, handle: int) -> None:
        pid, status = self._running.pop(handle)
        self._poller.unregister(handle)
        os.close(handle)
        with status:
            _tell(status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _tell(status: socket.socket, number: int) -> None:
    with suppress(OSError):  # whoever started it is gone
        status.send(str(number).encode())


def _take(files: list[int]) -> None:
    """Have these as stdin, stdout and stderr, be in this network, and have nothing else open."""
    *streams, network, _ = files
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    if not os.path.sameopenfile(network, here):
        _enter(network)
    for number, file in enumerate(streams):
        os.dup2(file, number)
    os.closerange(len(streams), 1 + max(*files, here, *map(int, os.listdir("/proc/self/fd"))))  # noqa: PTH208 -- numbers
    sys.stdin, sys.stdout = (open(number, how, closefd=False) for number, how in ((0, "r"), (1, "w")))  # noqa: SIM115 -- open for good
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115 -- as above


def _enter(network: int) -> None:
    import ctypes  # noqa: PLC0415 -- few are in a network of their own

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _forget_presslight() -> None:
    """Have it loaded again: its consoles look at the streams and variables that are there when they are made."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "presslight"]:
        del sys.modules[name]


def _begin_session() -> None:
    os.setsid()
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _run(asked: dict[str, Any]) -> None:
    _forget_presslight()
    if asked["session"]:
        _begin_session()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.path[0] = asked["cwd"]
    sys.argv = [asked["module"], *asked["words"]]
    runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
