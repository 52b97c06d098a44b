"""The whole light as a program: how it ends, and what it does in the heap it has."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.micropython import Command
from presslight.simulated.child_process import ChildProcess
from presslight.simulated.chip import RESET
from presslight.simulated.simulated_light import ENVIRONMENT, FIRMWARE, SimulatedLight
from tests.firmware.bare_broker import WAIT_S
from tests.firmware.odd_main import written
from tests.firmware.presser import Presser, pressing

NAME = "kitchen"


async def ran(micropython: Command, folder: Path, script: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the firmware started with a script of its own."""
    child = await ChildProcess.start([*micropython, "-X", "heapsize=1m", str(script)], folder, ENVIRONMENT)
    try:
        async with asyncio.timeout(WAIT_S):
            lines = [line.decode().rstrip() async for line in child.lines()]
            return await child.exit_code(), lines
    finally:
        await child.end_process()


async def test_light_without_settings_says_so_and_resets(micropython: Command, tmp_path: Path) -> None:
    code, lines = await ran(micropython, tmp_path, FIRMWARE / "main.py")
    assert code == RESET
    assert lines[-1].startswith("BadSettings: settings.json cannot be read")


@pytest.mark.parametrize("task", ["_beat", "_watch_button", "_save", "_session.run", "_session._receive"])
async def test_light_of_which_one_task_breaks_tells_it_and_resets(
    micropython: Command, tmp_path: Path, task: str
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"name": NAME, "host": "127.0.0.1", "port": 1}))
    owner, _, method = task.rpartition(".")
    where = "lamp.session.Session" if owner else "lamp.app.App"
    program = f"""
        import lamp.app
        async def broken(self, *_):
            raise RuntimeError('worn out')
        {where}.{method} = broken
    """
    code, lines = await ran(micropython, tmp_path, written(tmp_path, program))
    assert code == RESET
    assert "RuntimeError: worn out" in lines


@pytest.fixture
async def presser(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Presser]:
    """On a light that has the heap that the test asks for."""
    accounts = Accounts.make([NAME])
    async with Mosquitto(accounts) as broker:
        address = broker.address.signed_in_as(NAME, accounts.password(NAME))
        bridge = broker.address.signed_in_as("bridge", accounts.password("bridge"))
        async with SimulatedLight(NAME, address, tmp_path, heap=request.param), pressing(bridge, NAME) as presser:
            yield presser


async def endures(presser: Presser, count: int, within_s: float) -> None:
    first = presser.report.heap
    async with asyncio.timeout(within_s):
        await presser.press_many(count)
    last = presser.report
    assert last.decided == last.version[1] == count
    assert last.up > 0
    least, most = sorted((first, last.heap))
    assert most - least < 4_096  # the first is from before the first link; a leak would be far more
    assert 0 < least < 99_000  # the same light takes up to 1 kB more or less, by the length of its folder's name


@pytest.mark.parametrize("presser", ["112k", "108k"], indirect=True)
async def test_light_endures_a_thousand_presses_in_112_kb_and_in_a_little_less(presser: Presser) -> None:
    await endures(presser, 1_000, WAIT_S)


@pytest.mark.nightly
@pytest.mark.parametrize("presser", ["112k"], indirect=True)
async def test_light_endures_a_hundred_thousand_presses_in_112_kb(presser: Presser) -> None:
    """About two minutes on two cores."""
    await endures(presser, 100_000, 1_200)
