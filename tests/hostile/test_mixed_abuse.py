"""Random bytes at every door, beside a phone that presses: nobody else feels it, and nothing grows.

`make nightly` does it for an hour, half of it on each broker; `ABUSE_S=n` for n seconds, `SEED=n` with the same bytes.
"""

import json
import os
import secrets
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cloud.ports import key
from tests.hostile.up import running
from tests.hostile.victim import Victim, flooding

HOUR_S = 3_600.0
WARM = 0.1
"""Which part of the time passes before memory and files are looked at for the first time."""
MOST_GROWN_KB = 16_384
QUIET_S = 3.0


async def abuse(folder: Path, broker: str, seconds: float, seed: int) -> dict[str, object]:
    """Do it; answers the figures. The victim's word is true, no press acts twice, memory and files stay as they are."""
    async with running(folder, broker) as up:
        lamp = await up.light("kitchen")
        phone = await up.phone()
        await phone.sees("kitchen", online=True)
        victim = Victim(phone, "kitchen")
        await victim.press_for(min(QUIET_S, seconds))
        alone_ms = victim.p99()
        async with flooding(str(seed), by="noise", **up.target()):
            await victim.press_for(WARM * seconds)
            warm_kb, warm_files = up.resident_kb, up.open_files
            victim.p99()
            await victim.press_for((1 - WARM) * seconds)
        beside_ms = victim.p99()
        grown_kb = up.resident_kb - warm_kb
        acted = Counter(pressed for pressed, _, _ in lamp.model.acted)
        own = [acted[key(number)] for number in range(1, victim.number + 1)]
        assert victim.words == {"applied"}
        assert own == [1] * victim.number
        assert grown_kb < MOST_GROWN_KB
        assert up.open_files <= 2 * warm_files
        assert "Traceback" not in up.log
        assert '"mistake"' not in up.log
        return {
            "broker": broker, "seed": seed, "s": seconds, "presses": victim.number,
            "p99 alone (ms)": round(alone_ms, 1),
            "p99 beside it (ms)": round(beside_ms, 1), "grown (kB)": grown_kb, "log (lines)": up.log.count("\n"),
        }  # fmt: skip


@pytest.mark.nightly
@pytest.mark.timeout(2 * HOUR_S)
@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
async def test_an_hour_of_random_bytes_is_felt_by_nobody_else(tmp_path: Path, broker: str) -> None:
    seconds = float(os.environ.get("ABUSE_S", HOUR_S)) / 2
    seed = int(os.environ.get("SEED", secrets.randbelow(10**9)))
    sys.stderr.write(json.dumps(await abuse(tmp_path, broker, seconds, seed)) + "\n")
