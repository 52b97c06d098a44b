"""Mosquitto's process: started, read line by line from stderr, signalled and stopped."""

import asyncio
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self

STOP_TIMEOUT_S = 5
"""The longest time from SIGTERM to the end, before SIGKILL."""

KEPT_LINES = 20


class MosquittoProcess:
    """`await MosquittoProcess.start([...])`, then `read_log` in a task of its own while the program runs.

    `ended`: set once it has ended and all its lines are read.
    """

    def __init__(self, process: Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self._waiters: dict[asyncio.Future[bool], str] = {}
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.ended = asyncio.Event()

    @classmethod
    async def start(cls, command: list[str], on_line: Callable[[str], None]) -> Self:
        """Start `command` and call `on_line` with each line of its log. It ends with this process (Linux)."""
        process = await asyncio.create_subprocess_exec(
            *parent_death_prefix(), *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )  # a session of its own: Ctrl-C must not end it before its clients
        return cls(process, on_line)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def last_line(self) -> str:
        """The last line of its log, or its exit status where it logged nothing."""
        return self._lines[-1] if self._lines else f"exit status {self._process.returncode}"

    @property
    def lines(self) -> list[str]:
        """The last KEPT_LINES lines of its log, oldest first."""
        return list(self._lines)

    async def read_log(self) -> None:
        """Read its log until it ends."""
        assert self._process.stderr  # noqa: S101 -- it was started with a pipe
        async for raw in self._process.stderr:
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            self._on_line(line)
            self._resolve(line)
        await self._process.wait()
        self.ended.set()
        self._resolve(None)

    def wait_for_line(self, text: str) -> asyncio.Future[bool]:
        """Wait for the next line from now on that contains `text`; False where the program ends without one."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.ended.is_set():
            future.set_result(False)
        else:
            self._waiters[future] = text
            future.add_done_callback(self._waiters.pop)
        return future

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL after STOP_TIMEOUT_S or where this is cancelled."""
        self.send_signal(signal.SIGTERM)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self._process.wait()
        finally:
            self.send_signal(signal.SIGKILL)
            await self._process.wait()

    def _resolve(self, line: str | None) -> None:
        for future, text in list(self._waiters.items()):
            if not future.done() and (line is None or text in line):
                future.set_result(line is not None)


def parent_death_prefix() -> list[str]:
    """The prefix of a command that the kernel sends SIGTERM when this process dies (PR_SET_PDEATHSIG, Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
