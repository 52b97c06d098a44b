"""A phone that sleeps for ten minutes with a press under way: nothing is replayed, and the last word is true.

Nobody waits for ten minutes: the phone's process is stopped, and the clocks of all others, then its own, are moved on.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from presslight.mobile_sim.events import PhoneStatus
from tests.faults.hand import PATIENCE_MS
from tests.faults.handset import occurs
from tests.faults.lab import WAIT_S, Lab
from tests.faults.truth import NEVER_ACTS, judge


@pytest.mark.parametrize("acts", [True, False], ids=["acts unseen", "does not arrive"])
async def test_phone_asleep_with_a_press_pending_hears_the_truth(acts: bool, tmp_path: Path) -> None:
    options: dict[str, Any] = {"cabled": True, "odd_clocks": True, "bridge_program": "tests.faults.mortal_bridge"}
    async with Lab(tmp_path, far_phones=1, **options) as lab, asyncio.timeout(2 * WAIT_S):
        awake, sleeper = lab.hands
        cable = lab.cables["kitchen"]
        (cable.out if acts else cable.back).cut()
        pressing = asyncio.create_task(sleeper.press(WAIT_S * 1_000))
        await lab.far_phones["far-1"].pressing()
        if acts:
            await lab.lights["kitchen"].until(lambda output: output.duty > 0)
        os.kill(lab.far_phones["far-1"].pid, signal.SIGSTOP)
        await _ten_minutes_pass(lab)
        cable.mend()
        for _ in range(3):
            await awake.press(WAIT_S * 1_000)
        os.kill(lab.far_phones["far-1"].pid, signal.SIGCONT)
        press = await pressing
        assert press.status is PhoneStatus.APPLIED if acts else press.status in NEVER_ACTS
        await lab.all_show_truth()
        await sleeper.press_until_it_acts()
        await lab.drained()
        assert judge(lab.history) == []


async def _ten_minutes_pass(lab: Lab) -> None:
    """Ten minutes on the light, the bridge and the phone, of which a press's patience passes for the judge as well."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(1.2 * PATIENCE_MS / 1_000, over.set)
    lab.lights["kitchen"].send_command("nap")
    os.kill(lab.bridge.process.pid, signal.SIGRTMIN)
    lab.far_phones["far-1"].nap()
    await occurs(over, WAIT_S)
