"""A child process with a line protocol on stdin and stdout, ended by `quit`, SIGTERM or SIGKILL."""

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

QUIT_TIMEOUT_S = 1.0
"""The longest time after `quit`, and after SIGTERM, before the next stronger one."""
OVERLONG_LINE = b"(a line that is too long)\n"


class ChildProcess:
    """A running process. `lines` must be iterated over, or the process blocks once the pipe is full."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Self:
        """Start `command` in `folder` with exactly this environment, in a session of its own. Raises OSError."""
        return cls(
            await asyncio.create_subprocess_exec(
                *command, cwd=folder, env=environment, stdin=PIPE, stdout=PIPE, stderr=STDOUT, start_new_session=True
            )
        )

    async def lines(self) -> AsyncIterator[bytes]:
        """Each line of its stdout and stderr, until both are closed."""
        output = self._process.stdout
        while output and (line := await _line(output)):
            yield line

    def write_line(self, line: str) -> None:
        """Write a line to its stdin; lost if it has ended."""
        stdin = self._process.stdin
        if stdin and not stdin.is_closing():  # uvloop raises where asyncio loses it
            stdin.write(f"{line}\n".encode())

    async def exit_code(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        code = await self._process.wait()
        if stdin := self._process.stdin:
            if not stdin.is_closing():
                stdin.transport.abort()
            with suppress(OSError):  # what was not read any more; asyncio before 3.11.4 complains if nobody asks
                await stdin.wait_closed()
        return code

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        if self._process.returncode is None:
            self._process.kill()

    async def end_process(self) -> None:
        """End it: `quit`, then SIGTERM, then SIGKILL; on cancellation SIGKILL at once."""
        try:
            self.write_line("quit")
            if not await self._ends_in_time():
                self._process.terminate()
                await self._ends_in_time()
        finally:
            self.kill()
            await self.exit_code()

    def resident_bytes(self) -> int:
        """Its resident memory (RSS, including shared pages), in bytes; 0 if it has ended. Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        resident = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        return int(resident[1]) * 1024 if resident else 0

    async def _ends_in_time(self) -> bool:
        try:
            async with asyncio.timeout(QUIT_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            return False
        return True


async def _line(output: asyncio.StreamReader) -> bytes:
    try:
        return await output.readline()
    except ValueError:  # over the reader's limit, which has dropped it
        return OVERLONG_LINE
