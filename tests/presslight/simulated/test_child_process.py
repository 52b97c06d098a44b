"""A child process that has ended, on both event loops: the bridge's and the plain one."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from presslight.simulated.child_process import ChildProcess


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_word_to_one_that_has_ended_is_lost(tmp_path: Path, run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    async def trial() -> None:
        child = await ChildProcess.start(["true"], tmp_path, {"PATH": os.defpath})
        assert [line async for line in child.lines()] == []
        assert await child.exit_code() == 0
        child.write_line("hello")
        await child.end_process()

    run(trial())
