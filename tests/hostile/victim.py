"""Who is meant not to feel what another one does: a phone that presses, and one who floods beside it."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles
from typing import Any

from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S, RawPhone
from tests.machine import ROOT

PAUSE_S = 0.025
"""Between two presses: a phone may make 50 a second."""


class Victim:
    """Presses one light, one press after the other, and notes how long each took (ms) and its last word."""

    def __init__(self, phone: RawPhone, light: str) -> None:
        self.phone = phone
        self.light = light
        self.number = 0
        self.took: list[float] = []
        self.words: set[str] = set()

    async def press(self) -> None:
        self.number += 1
        began = time.perf_counter()
        state = "ON" if self.number % 2 else "OFF"
        await self.phone.press(self.number, light=self.light, set={"state": state}, patience_ms=10_000)
        outcome = await self.phone.until("outcome", key=key(self.number), final=True)
        self.took.append((time.perf_counter() - began) * 1_000)
        self.words.add(outcome["status"])
        await asyncio.sleep(PAUSE_S)

    async def press_for(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            await self.press()

    def p99(self) -> float:
        """Of the presses since it was last asked."""
        took, self.took = self.took, []
        return quantiles(took, n=100)[98]


@asynccontextmanager
async def flooding(kind: str, *, by: str = "flood", **target: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """One who floods, from when it has begun until the block ends. `by`: the module that does it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-m", f"tests.hostile.{by}", kind),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ,
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(target).encode())
        process.stdin.close()
        async with asyncio.timeout(WAIT_S):
            assert await process.stdout.readline() == b"flooding\n"
        yield process
    finally:
        process.kill()
        await process.wait()
