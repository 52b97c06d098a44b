"""`make bench`, short: everything is still measured, and what is not is one line and exit code 1. No figures judged."""

import asyncio
import os
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.bench.measurements import SHORT
from tests.bench.run import Run
from tests.forked import Forked

ROOT = Path(__file__).parents[2]
WAIT_S = 60
ABOVE_THE_FLOOR = ["press → confirmation p50 over bare MQTT, a light without promises"]
ABOVE_THE_FLOOR += ["press → confirmation p50 over bare MQTT, the firmware"]
ALL = [
    *ABOVE_THE_FLOOR,
    f"confirmed presses per second, {SHORT.throughput_lights} lights",
    f"all of {SHORT.phones} phones told of one press, worst of {SHORT.fan_outs}",
    "memory of the bridge per phone",
    f"set read → output changed, p99 of {SHORT.real_lights * SHORT.act_rounds}",
    "lights of real firmware, all pressed",
    "memory of a simulated light, resident (proportional)",
    "press → light, p50 (p99)",
    "press → light with the chip's tick of 10 ms, p50 (p99)",
    f"live heap on the chip after {SHORT.heap_presses} presses, without TLS",
]
Start = Callable[..., Coroutine[Any, Any, Forked]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Has temporary files in the test's folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return own | {"TMPDIR": str(tmp_path), "COLUMNS": "200"}


@pytest.fixture
async def start(environment: dict[str, str]) -> AsyncIterator[Start]:
    """Starts the bench in a session of its own; ends it if it still runs."""
    started: list[Forked] = []

    async def run(**more: str) -> Forked:
        own = environment | more
        started.append(
            await forked.start("--short", module="tests.bench", stdout=PIPE, stderr=PIPE, env=own, session=True)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        await process.communicate()


async def said(process: Forked, wanted: str) -> None:
    assert process.stdout
    async with asyncio.timeout(WAIT_S):
        while line := await process.stdout.readline():
            if wanted in line.decode():
                return
    raise AssertionError(f"it ended without {wanted!r}")


async def ended(process: Process | Forked) -> tuple[int | None, list[str], str]:
    """Its exit code, the rows of its table by what was measured, and what it wrote to stderr."""
    async with asyncio.timeout(WAIT_S):
        output, complaint = await process.communicate()
    return process.returncode, re.findall(r"^│ (.*?) +│", output.decode(), re.MULTILINE), complaint.decode()


def children(process: Forked) -> dict[str, str]:
    """The processes that it started and that still run: pid by name."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in pids}


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def are_gone(pids: Sequence[str]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_short_bench_measures_everything(environment: dict[str, str], tmp_path: Path) -> None:
    command = ("make", "bench", "BENCH=--short")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
    )
    try:
        code, rows, complaint = await ended(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert (complaint, code) == ("", 0)
    assert [row for row in rows if not row.startswith("- ")] == ALL
    assert is_empty(tmp_path)


async def test_a_broker_that_dies_is_one_line_below_what_was_measured(start: Start, tmp_path: Path) -> None:
    process = await start()
    await said(process, "measuring throughput")
    started = children(process)
    os.kill(int(started["mosquitto"]), signal.SIGKILL)
    code, rows, complaint = await ended(process)
    assert (code, rows) == (1, ABOVE_THE_FLOOR)
    assert re.fullmatch(r"presslight: throughput could not be measured: .+\n", complaint)
    assert are_gone([*started.values()])
    assert is_empty(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_is_one_line_below_what_was_measured(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = await start()
    await said(process, "measuring throughput")
    started = children(process)
    os.killpg(process.pid, number)
    code, rows, complaint = await ended(process)
    assert (code, rows) == (1, ABOVE_THE_FLOOR)
    assert complaint == "presslight: throughput could not be measured: stopped\n"
    assert are_gone([*started.values()])
    assert is_empty(tmp_path)


async def test_no_micropython_is_one_line(start: Start) -> None:
    code, rows, complaint = await ended(await start(PRESSLIGHT_MICROPYTHON="/no/such/program"))
    assert (code, rows) == (1, [])
    assert re.fullmatch(r"presslight: above the floor could not be measured: .+\n", complaint)


async def test_no_mosquitto_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("presslight.broker.mosquitto.SEARCHED", "/nowhere")
    run = Run(SHORT)
    await run.measure()
    assert run.tell() == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("presslight: the start could not be measured: there is no mosquitto")
    assert complaint.count("\n") == 1
