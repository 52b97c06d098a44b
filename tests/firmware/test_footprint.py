"""The firmware on the chip's 32 bits: a journey, its footprint in the heap, and how large a heap it needs."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.topics import HOME_ASSISTANT_USER
from presslight.micropython import VARIABLE, Command
from presslight.simulated import simulated_light
from presslight.simulated.simulated_light import FIRMWARE, SimulatedLight
from tests.firmware.footprint import KIB, NAME, Places, endure, measured
from tests.firmware.presser import pressing

ROOT = Path(__file__).parents[2]
WAIT_S = 60
PRESSES = 1_000
MOST = 49_000
"""The live heap on the chip after PRESSES. A feature that is worth it raises it, a saving lowers it: docs/memory.md."""
ENOUGH = 58 * KIB
"""It starts in it, however long its folder's name is; the first area of the chip's heap has 56."""
STAND_INS = 10 * KIB
"""What the stand-ins take of the heap here, where the chip has them in its image."""


@pytest.fixture
async def at() -> AsyncIterator[Places]:
    accounts = Accounts.make([NAME], others=[HOME_ASSISTANT_USER])
    async with Mosquitto(accounts) as broker, asyncio.timeout(WAIT_S):
        yield Places(
            *(broker.address.signed_in_as(user, accounts.password(user)) for user in (NAME, HOME_ASSISTANT_USER))
        )


async def test_journey_on_32_bits(
    micropython_32: Command, tmp_path: Path, at: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated_light, "_micropython", lambda: micropython_32)
    async with SimulatedLight(NAME, at.light, tmp_path) as light, pressing(at.user, NAME) as presser:
        await presser.press_many(1)
        assert (presser.report.state, light.duty > 0) == ("ON", True)
        before = presser.report
        await light.until(lambda output: output.log.startswith("flash: kept on"))
        await light.power_cut()
        await light.power_on()
        await light.until(lambda output: output.duty > 0)
        while (await presser.next()).boot == before.boot:
            pass
    assert presser.report.state == "ON"
    assert presser.report.version > before.version


async def test_every_module_has_its_footprint(micropython_32: Command, tmp_path: Path, at: Places) -> None:
    found = await measured(micropython_32, tmp_path, at, PRESSES)
    files = {f"lamp.{path.stem}" for path in (FIRMWARE / "lamp").glob("*.py")} - {"lamp.__init__"}
    assert files <= {*found.ours, *found.late}
    assert set(found.late) == {"lamp.date", "lamp.dns", "lamp.resolver", "lamp.secure", "lamp.sntp"}
    assert min(count for name, count in (found.ours | found.late).items() if name != "taken-down") > 0
    assert found.ours["taken-down"] < -2_000  # what the start lets go
    assert found.total <= MOST
    assert abs(found.stand_ins - STAND_INS) < KIB


async def test_light_endures_in_as_small_a_heap_as_it_needs(
    micropython_32: Command, tmp_path: Path, at: Places
) -> None:
    await endure(micropython_32, tmp_path, at, PRESSES // 5, ENOUGH + STAND_INS)


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
def test_all_of_these_tests_hold_on_32_bits(micropython_32: Command) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(Path(__file__).parent)],
        cwd=ROOT,
        env=os.environ | {VARIABLE: shlex.join(micropython_32)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
