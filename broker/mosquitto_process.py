"""A program that runs as our child, and the lines it logs on stderr."""

import asyncio
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self

STOP_S = 5
"""How long a program may take to end when it is asked to, before it is killed."""

KEPT_LINES = 20


class Child:
    """`await Child.start([...])`, then `read` in a task of its own for as long as the program runs."""

    def __init__(self, process: Process, hear: Callable[[str], None]) -> None:
        self._process = process
        self._hear = hear
        self._waiting: dict[asyncio.Future[bool], str] = {}
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.ended = asyncio.Event()

    @classmethod
    async def start(cls, command: list[str], hear: Callable[[str], None]) -> Self:
        """Start `command`; `hear` gets each line of its log. It dies with this process, however that ends."""
        process = await asyncio.create_subprocess_exec(
            *tied_to_us(), *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )  # a session of its own: Ctrl-C is for us, and we stop it when its clients are gone
        return cls(process, hear)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def last_line(self) -> str:
        """The last thing it said, or how it ended where it said nothing."""
        return self._lines[-1] if self._lines else f"exit status {self._process.returncode}"

    @property
    def lines(self) -> list[str]:
        """Its last lines, oldest first."""
        return list(self._lines)

    async def read(self) -> None:
        """Take its lines until it ends."""
        assert self._process.stderr  # noqa: S101 -- it was started with a pipe
        async for raw in self._process.stderr:
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            self._hear(line)
            self._settle(line)
        await self._process.wait()
        self.ended.set()
        self._settle(None)

    def says(self, words: str) -> asyncio.Future[bool]:
        """Await the next line from now on with `words` in it; False where the program ends without."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.ended.is_set():
            future.set_result(False)
        else:
            self._waiting[future] = words
            future.add_done_callback(self._waiting.pop)
        return future

    def send(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Ask it to end, and kill it where it does not, or where this is cancelled."""
        self.send(signal.SIGTERM)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
        finally:
            self.send(signal.SIGKILL)
            await self._process.wait()

    def _settle(self, line: str | None) -> None:
        for future, words in list(self._waiting.items()):
            if not future.done() and (line is None or words in line):
                future.set_result(line is not None)


def tied_to_us() -> list[str]:
    """The start of a command whose program the kernel ends when we die without a chance to do so (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
