"""The lab itself: what it starts works, and it leaves nothing behind."""

import asyncio
import os
from pathlib import Path

import pytest

from presslight.mobile_sim.events import PhoneStatus
from tests.faults.lab import Lab
from tests.faults.truth import judge


async def test_presses_without_a_fault_all_act(tmp_path: Path) -> None:
    async with Lab(tmp_path, lights=("kitchen", "hall"), phones=2, bridges=2) as lab:
        for _ in range(10):
            for press in await asyncio.gather(*(hand.press(20_000) for hand in lab.hands)):
                assert press.status is PhoneStatus.APPLIED
        await lab.all_show_truth()
        assert judge(lab.history) == []
        assert sum(len(trace.acts) for trace in lab.history.traces.values()) == 40


async def test_lab_that_ends_leaves_nothing(tmp_path: Path) -> None:
    pids: list[int] = []

    async def fails() -> None:
        async with Lab(tmp_path) as lab:
            pids.extend((lab.broker.pid, lab.bridge.process.pid, lab.lights["kitchen"].pid))
            raise RuntimeError("in the middle of it")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fails()
    assert len(pids) == 3
    assert not any(_is_there(pid) for pid in pids)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
