"""A PostgreSQL server of the tests' own: in a folder of its own, on a socket in it, run by somebody who is not root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg import connect

WAIT_S = 30
USER = "presslight"

_UNLIKE_REAL_ONES = {
    "listen_addresses": "",
    "fsync": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "dynamic_shared_memory_type": "mmap",  # in its folder: a crash leaves nothing in /dev/shm
}


class PostgresServer:
    """`with PostgresServer() as server:` then `server.new_database()` is the URL of an empty one.

    It ends with the process that started it, whatever happens to that.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self._process: subprocess.Popen[str] | None = None
        self._frozen: list[int] = []

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="presslight-pg-"))
        try:
            if os.geteuid() == 0:
                os.chown(self.folder, *_somebody())
            self._call("initdb", "--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C")
            self.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def new_database(self) -> str:
        """Make an empty database (a schema of its own: that takes no time); answers its URL."""
        name = f"house{next(self._numbers)}"
        with connect(self.url("public"), autocommit=True) as link:
            link.execute(f"CREATE SCHEMA {name}".encode())
        return self.url(name)

    def url(self, schema: str) -> str:
        """Where a schema is."""
        return f"postgresql://{USER}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = [f"--{name}={value}" for name, value in _UNLIKE_REAL_ONES.items()]
        self._process = subprocess.Popen(
            self._as_somebody("postgres", "-D", str(self._data), "-k", str(self.folder), *options),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said: list[str] = []
        ready = threading.Event()
        self._reader = threading.Thread(target=_read, args=(self._process, said, ready))
        self._reader.start()
        assert ready.wait(WAIT_S), said
        assert any("ready to accept connections" in line for line in said), said

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it. SIGINT: it says goodbye to all; SIGQUIT: as in a crash."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(WAIT_S)
        finally:
            process.kill()
            process.wait()
            self._reader.join()
            assert process.stderr
            process.stderr.close()

    def freeze(self) -> None:
        """Stop all its processes, as a machine that swaps or a disk that hangs does."""
        self._frozen = [self.pid]
        os.kill(self.pid, signal.SIGSTOP)
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGSTOP)
            self._frozen.append(int(child))

    def thaw(self) -> None:
        """Let them go on."""
        while self._frozen:
            os.kill(self._frozen.pop(), signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Frozen, for a while."""
        try:
            self.freeze()
            yield
        finally:
            self.thaw()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _leave(self) -> None:
        try:
            self.thaw()
            self.stop()
        finally:
            shutil.rmtree(self.folder)

    def _call(self, program: str, *options: str) -> None:
        command = self._as_somebody(program, "-D", str(self._data), *options)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _as_somebody(self, program: str, *options: str) -> list[str]:
        user = []
        if os.geteuid() == 0:
            uid, gid = _somebody()
            user = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        return ["setpriv", *user, "--pdeathsig=INT", find_program(program), *options]


def _somebody() -> tuple[int, int]:
    """PostgreSQL refuses to run as root."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def find_program(program: str) -> str:
    """The path of one of PostgreSQL's programs: Debian keeps the server's out of PATH, in a folder per version."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    found = str(kept[-1]) if kept else shutil.which(program)
    assert found, "these tests need PostgreSQL: tests/install.sh installs it"
    return found


def _read(process: subprocess.Popen[str], said: list[str], ready: threading.Event) -> None:
    """Read the server's log to its end. `ready`: it takes connections, or never will."""
    assert process.stderr
    for line in process.stderr:
        said.append(line)
        if "ready to accept connections" in line:
            ready.set()
    ready.set()
