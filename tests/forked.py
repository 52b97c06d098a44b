"""`presslight …` in a process of its own, as `python -m presslight` starts it, but from one that has loaded it already.

What a start itself is, from the words to the streams, is tested with real ones (`tests/presslight/test_main.py`).
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]


class ForkServer:
    """`tests/fork_server.py`, started when first asked."""

    def __init__(self) -> None:
        self._ours: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, command: bytes, files: list[int]) -> None:
        """Have it fork for this command, with these files."""
        if self._ours is None:
            self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                call = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())]
                self._process = subprocess.Popen(call, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        socket.send_fds(self._ours, [command], files)

    def close(self) -> None:
        """End it; what it forked goes on."""
        if self._ours and self._process:
            self._ours.close()
            self._process.wait()
            self._ours = self._process = None


SERVER = ForkServer()


class Forked:
    """A running process, used as an `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, status: socket.socket, streams: list[asyncio.StreamReader | None]) -> None:
        self.pid = pid
        self.stdout, self.stderr = streams
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._ended(status), name=f"forked-{pid}")

    async def _ended(self, status: socket.socket) -> int:
        with status:
            self.returncode = int(await asyncio.get_running_loop().sock_recv(status, 16))
        return self.returncode

    async def wait(self) -> int:
        """Its exit code, once it has ended; negative for a signal."""
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it prints and complains of from now on, once it has ended."""
        reads = [stream.read() if stream else _nothing() for stream in (self.stdout, self.stderr)]
        out, err = await asyncio.gather(*reads)
        await self.wait()
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


async def start(
    *words: str,
    module: str = "presslight",
    stdin: int = DEVNULL,
    stdout: int = DEVNULL,
    stderr: int = DEVNULL,
    env: Mapping[str, str] | None = None,
    session: bool = False,
) -> Forked:
    """Start `python -m module words…`; the streams are DEVNULL, PIPE or a file's number, here and in this network.

    `session`: in a session of its own, whose terminal is the one at its stdin.
    """
    loop = asyncio.get_running_loop()
    own = dict(os.environ if env is None else env)
    asked = {"module": module, "words": words, "env": own, "cwd": str(Path.cwd()), "session": session}
    status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    status.setblocking(False)
    with ExitStack() as closing, theirs:
        inp = _opened(stdin, os.O_RDONLY, closing)
        (out, out_reader), (err, err_reader) = [_outward(stream, closing) for stream in (stdout, stderr)]
        network = _opened("/proc/thread-self/ns/net", os.O_RDONLY, closing)
        SERVER.ask(json.dumps(asked).encode(), [inp, out, err, network, theirs.fileno()])
    streams = [await _stream(loop, file) for file in (out_reader, err_reader)]
    return Forked(int(await loop.sock_recv(status, 16)), status, streams)


def _opened(what: int | str, how: int, closing: ExitStack) -> int:
    if isinstance(what, int) and what != DEVNULL:
        return what
    file = os.open(os.devnull if isinstance(what, int) else what, how)
    closing.callback(os.close, file)
    return file


def _outward(stream: int, closing: ExitStack) -> tuple[int, int | None]:
    """The end to write to, and the end to read from where it is a pipe."""
    if stream != PIPE:
        return _opened(stream, os.O_WRONLY, closing), None
    reader, writer = os.pipe()
    closing.callback(os.close, writer)
    return writer, reader


async def _stream(loop: asyncio.AbstractEventLoop, reader: int | None) -> asyncio.StreamReader | None:
    if reader is None:
        return None
    stream = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb", 0))
    return stream


async def _nothing() -> bytes:
    return b""
