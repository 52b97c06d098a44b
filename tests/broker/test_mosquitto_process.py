"""A program of ours and its log."""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import sys

import pytest

from presslight.broker.mosquitto_process import MosquittoProcess

WAITS = "import signal, sys; print('ready', file=sys.stderr, flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"

TELLS = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os.write(2, b"asked\\n"))
os.write(2, b"ready\\n")  # print cannot be entered again, and the signal may come while it still runs
while True:
    signal.pause()
"""


async def start(program: str, heard: list[str]) -> tuple[MosquittoProcess, asyncio.Task[None]]:
    process = await MosquittoProcess.start([sys.executable, "-c", program], heard.append)
    return process, asyncio.create_task(process.read_log(), name="log")


async def test_lines_are_heard_and_waited_for() -> None:
    heard: list[str] = []
    async with asyncio.timeout(20):
        process, log = await start(WAITS, heard)
        assert await process.wait_for_line("read")
        waits = process.wait_for_line("never said")
        await process.stop()
        await log
        assert not await waits
        assert not await process.wait_for_line("too late")
    assert heard == process.lines == ["ready"]


async def test_last_line_is_how_it_ended_where_it_said_nothing() -> None:
    async with asyncio.timeout(20):
        process, log = await start("raise SystemExit(3)", [])
        await log
    assert process.last_line == "exit status 3"
    process.send_signal(signal.SIGTERM)
    await process.stop()


async def test_program_that_ignores_the_request_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.broker.mosquitto_process.STOP_TIMEOUT_S", 0.01)
    async with asyncio.timeout(20):
        process, log = await start(STUBBORN, [])
        await process.wait_for_line("ready")
        await process.stop()
        await log
    assert process.ended.is_set()


async def test_program_is_killed_where_the_wait_for_its_end_is_cancelled() -> None:
    async with asyncio.timeout(20):
        process, log = await start(TELLS, [])
        await process.wait_for_line("ready")
        asked = process.wait_for_line("asked")
        stopping = asyncio.create_task(process.stop())
        assert await asked
        stopping.cancel()
        await asyncio.wait([stopping])
        await log
    assert stopping.cancelled()
    assert process.last_line == "asked"


@pytest.mark.skipif(not shutil.which("setpriv"), reason="only Linux ties a program to who started it")
def test_program_ends_when_we_are_killed() -> None:
    starts = f"""
import asyncio
from presslight.broker.mosquitto_process import MosquittoProcess
async def main():
    program = ["{sys.executable}", "-c", {WAITS!r}]
    process = await MosquittoProcess.start(program, lambda line: print(process.pid, flush=True))
    await process.read_log()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as us:
        assert us.stdout
        watched = os.pidfd_open(int(us.stdout.readline()))
        us.kill()
    try:
        assert select.select([watched], [], [], 20) == ([watched], [], [])
    finally:
        os.close(watched)
