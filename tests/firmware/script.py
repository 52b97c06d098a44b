"""A few lines of firmware under MicroPython, with the hardware's stand-ins: the words in, the lines out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

from presslight.micropython import Command
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.chip import SimulatedChip
from presslight.simulated.simulated_light import ENVIRONMENT

WAIT_S = 20


class Script:
    """A script that runs, with the stand-ins before MicroPython's own modules."""

    def __init__(self, child: ChildProcess) -> None:
        self._lines = aiter(child.lines())
        self.say = child.write_line
        self.exit_code = child.exit_code

    async def line(self) -> str:
        async with asyncio.timeout(WAIT_S):
            return (await anext(self._lines)).decode().rstrip()

    async def rest(self) -> list[str]:
        async with asyncio.timeout(WAIT_S):
            return [line.decode().rstrip() async for line in self._lines]


Run: TypeAlias = Callable[..., Awaitable[Script]]
"""`await run(text, …, chip=(word, …), heap="96k")`: the texts, one after the other; `chip` as of a `SimulatedLight`."""


def runner(micropython: Command, folder: Path, exits: AsyncExitStack) -> Run:
    """What starts scripts in a folder."""

    async def start(*texts: str, chip: Sequence[str] = (), heap: str = "96k", **environment: str) -> Script:
        script = folder / "main.py"
        script.write_text("\n".join(dedent(text) for text in texts))
        hostile = SimulatedChip(chip)
        command = [*micropython, "-X", f"heapsize={heap}", *hostile.command(str(script))]
        own = ENVIRONMENT | hostile.environment(is_first=True, has_power_failed=False) | environment
        child = await ChildProcess.start(command, folder, own)
        exits.push_async_callback(child.end_process)
        return Script(child)

    return start
