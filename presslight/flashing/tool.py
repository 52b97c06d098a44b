"""The programs esptool and mpremote: finding and running them, and explaining their errors."""

import asyncio
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from pathlib import Path

from presslight.contract.errors import PresslightError
from presslight.flashing.serial_port import ABSENT, IN_USE, NOT_ALLOWED, port_error

HOW_TO_INSTALL = "in a clone, make venv brings it, for .venv/bin/presslight flash …"

RETRY_PAUSE_S = 0.2
"""The pause before a failed program is run again; without it a missing port would cause a busy loop."""

MEANINGS = (
    (r"permission denied|errno 13\b", NOT_ALLOWED),
    (r"no such file|errno 2\b|no device found", ABSENT),
    (r"exclusively lock|errno 11\b|errno 16\b|in use|busy", IN_USE),
    (r"input/output error|errno (?:5|6|19)\b|device disconnected", "{port} went away: is its cable well?"),
    (r"enospc|errno 28\b|no space", "the flash of the chip on {port} is full: erase it (--erase, with an image)"),
    (
        r"no serial data|failed to connect|raw repl|timeout|timed out|wrong boot mode",
        "the chip on {port} does not answer: hold its BOOT button meanwhile; is MicroPython on it (--firmware-image)?",
    ),
)
"""Patterns of the programs' output, each with its explanation for the user; the first match counts.

esptool prints "busy or doesn't exist" for both, and then the errno; mpremote "may be in use" for any failed open.
"""


class ToolFailed(PresslightError):
    """A program is missing or has failed; the sentence says what helps. Branch on `code`."""

    code = "tool_failed"


def find_program(program: str) -> str:
    """The path of a program: in PATH, else beside this Python. Raises ToolFailed."""
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        raise ToolFailed(f"{program} is missing; {HOW_TO_INSTALL}")
    return found


async def run_with_retries(command: tuple[str, ...], port: str, limit_s: float, patience_s: float) -> str:
    """Run a program, again after a failure for `patience_s`; its output. Raises the last ToolFailed."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience_s
    while True:
        try:
            return await run_program(command, port, limit_s)
        except ToolFailed:
            if loop.time() >= end:
                raise
        await asyncio.sleep(RETRY_PAUSE_S)


async def run_program(command: tuple[str, ...], port: str, limit_s: float) -> str:
    """Run a program; its output. It is killed after `limit_s` and on cancellation. Raises ToolFailed."""
    program, *arguments = command
    process = await asyncio.create_subprocess_exec(
        find_program(program), *arguments, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(limit_s):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise ToolFailed(explain_failure("timeout", port)) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = printed.decode(errors="replace")
    if process.returncode:
        raise ToolFailed(port_error(port) or explain_failure(text, port))
    return text


def explain_failure(printed: str, port: str) -> str:
    """One sentence for a failed program's output: the explanation, else its last line."""
    for pattern, sentence in MEANINGS:
        if re.search(pattern, printed, re.IGNORECASE):
            return sentence.format(port=port)
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
