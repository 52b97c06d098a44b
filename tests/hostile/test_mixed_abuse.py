"""Random bytes at every door, beside a phone that presses: nobody else feels it, and nothing grows.

`make nightly` does it for an hour, shared by the brokers; `ABUSE_S=n` for n seconds, `SEED=n` with the same bytes.
"""

import json
import os
import secrets
import sys
from collections import Counter
from pathlib import Path

import pytest

from presslight.own_brokers import OWN_BROKERS
from tests.cloud.ports import key
from tests.hostile.up import running
from tests.hostile.victim import Victim, flooding

HOUR_S = 3_600.0
PARTS = 10
"""The time in parts: memory and files are read after each, and judged from the first one on, by when all is warm."""
MOST_GROWN_KB = 8_192
QUIET_S = 3.0


async def abuse(folder: Path, broker: str, seconds: float, seed: int) -> None:
    """Do it and print the figures. The victim's presses are applied, each once; memory and files stay as they are."""
    async with running(folder, broker, logs="json") as up:
        lamp = await up.light("kitchen")
        phone = await up.phone()
        await phone.sees("kitchen", online=True)
        victim = Victim(phone, "kitchen")
        await victim.press_for(min(QUIET_S, seconds))
        alone_ms = victim.p99()
        resident_kb, open_files = [], []
        async with flooding(str(seed), by="noise", **up.target()):
            for _ in range(PARTS):
                await victim.press_for(seconds / PARTS)
                resident_kb.append(up.resident_kb)
                open_files.append(up.open_files)
        acted = Counter(pressed for pressed, _, _ in lamp.model.acted)
        own = [acted[key(number)] for number in range(1, victim.number + 1)]
        figures = {
            "broker": broker, "seed": seed, "s": seconds, "presses": victim.number, "statuses": sorted(victim.words),
            "p99 alone (ms)": round(alone_ms, 1), "p99 beside it (ms)": round(victim.p99(), 1),
            "resident (kB)": resident_kb, "open files": open_files, "log (lines)": up.log.count("\n"),
        }  # fmt: skip
        sys.stderr.write(json.dumps(figures) + "\n")
        assert victim.words == {"applied"}
        assert own == [1] * victim.number
        assert resident_kb[-1] - resident_kb[0] < MOST_GROWN_KB
        assert open_files[-1] <= 2 * open_files[0]
        assert "Traceback" not in up.log
        assert '"defect"' not in up.log


@pytest.mark.nightly
@pytest.mark.timeout(2 * HOUR_S)
@pytest.mark.parametrize("broker", OWN_BROKERS)
async def test_an_hour_of_random_bytes_is_felt_by_nobody_else(tmp_path: Path, broker: str) -> None:
    seconds = float(os.environ.get("ABUSE_S", HOUR_S)) / len(OWN_BROKERS)
    seed = int(os.environ.get("SEED", secrets.randbelow(10**9)))
    await abuse(tmp_path, broker, seconds, seed)
