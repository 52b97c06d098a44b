"""The firmware's rules, on both interpreters at once."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from presslight.micropython import Command
from tests.firmware.on_micropython import scenarios
from tests.firmware.script import Run, runner

FIRMWARE = Path(__file__).parents[2] / "firmware"

Both: TypeAlias = Callable[[str, list[Any]], list[Any]]
"""Runs a scenario of `on_micropython/scenarios.py` under CPython and MicroPython; gives what both have seen."""


@pytest.fixture(scope="session")
def both(micropython: Command) -> Iterator[Both]:
    """MicroPython without the simulator's stand-ins before it: the rules need none."""
    child = subprocess.Popen(
        [*micropython, "-X", "heapsize=8m", scenarios.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE}:.frozen"},
    )
    assert child.stdin
    assert child.stdout

    owed = 0  # answers, also to what a test that timed out has asked

    def run(name: str, steps: list[Any]) -> list[Any]:
        nonlocal owed
        assert child.stdin
        assert child.stdout
        child.stdin.write(json.dumps([name, steps]) + "\n")
        child.stdin.flush()
        owed += 1
        answer = ""
        while owed:
            answer = child.stdout.readline()
            owed -= 1
        there: list[Any] = json.loads(answer)
        here = json.loads(json.dumps(getattr(scenarios, name)(steps)))
        assert there == here
        return there

    with child:
        yield run
        child.stdin.close()


@pytest.fixture
async def run(micropython: Command, tmp_path: Path) -> AsyncIterator[Run]:
    """Runs a few lines of firmware, with the stand-ins."""
    async with AsyncExitStack() as exits:
        yield runner(micropython, tmp_path, exits)
