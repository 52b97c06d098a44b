"""What the bench starts in processes of its own: the bridge, and the lean lights. Ctrl-C is not for them."""

import asyncio
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from presslight.broker.mosquitto_process import parent_death_prefix
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.store_address import store_of

START_S = 30.0
LINK = re.compile(rb"Phone page: (http://\S+)")

_epochs = itertools.count(1)
"""A light that comes back with no higher epoch is taken for a late report of an old boot, for 35 s."""


class RunningBridge(NamedTuple):
    """A bridge process: where it is, a phone's token for it, its process id."""

    url: str
    token: str
    pid: int
    store: Path

    def another_token(self) -> str:
        """A token for another phone: each has a number of sockets."""
        return issue_token(self.store, phone="bench")

    def resident_kb(self) -> int:
        """Resident memory in KB (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@asynccontextmanager
async def bridge_process(
    broker: BrokerAddress, folder: Path, press_rate: int = 1_000_000
) -> AsyncIterator[RunningBridge]:
    """Run `presslight up` with no lights of its own; its broker's password goes through the environment."""
    arguments = ("up", "--lights", "0", "--port", "0", "--state", str(folder), "--press-rate", str(press_rate))
    log = folder.with_suffix(".log")
    with log.open("wb") as said:
        child = await asyncio.create_subprocess_exec(
            *(*parent_death_prefix(), sys.executable, "-m", "presslight", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            env=os.environ | {"PRESSLIGHT_BROKER": broker.url(), "COLUMNS": "200"},
            start_new_session=True,
        )
    try:
        assert child.stdout
        async with asyncio.timeout(START_S):
            while (line := await child.stdout.readline()) and not (link := LINK.search(line)):
                pass
        if not line or not link:
            raise RuntimeError(f"the bridge ended before it said where it is. {log.read_text()}")
        yield RunningBridge(link[1].decode(), issue_token(store_of(folder), phone="bench"), child.pid, store_of(folder))
    finally:
        await _end(child)


@asynccontextmanager
async def lean_lights(broker: BrokerAddress, passwords: Mapping[str, str]) -> AsyncIterator[None]:
    """Run lean lights, all in one process, until the block ends."""
    child = await asyncio.create_subprocess_exec(
        *(*parent_death_prefix(), sys.executable, "-m", "tests.bench.lean_light"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert child.stdin
        assert child.stdout
        wanted = {"host": broker.host, "port": broker.port, "lights": dict(passwords), "epoch": next(_epochs)}
        child.stdin.write(json.dumps(wanted).encode() + b"\n")
        async with asyncio.timeout(START_S):
            if await child.stdout.readline() != b"ready\n":
                raise RuntimeError("the lean lights did not start")
        yield
    finally:
        await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.terminate()
        try:
            async with asyncio.timeout(START_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
