"""The power of a chip: the pin that it reads as power comes, and a power that fails while it boots."""

import asyncio
import itertools
from pathlib import Path

import pytest

from lamp import record
from presslight.micropython import Command
from tests.firmware.hostile_life import comes_back, hostile_light, lives
from tests.firmware.script import Run
from tests.firmware.watch import DARK, DIM, Watch, watched

WAITS = "waiting for download"
AT_ONCE = 8
"""So many lights at a time."""


@pytest.mark.parametrize(
    ("pin", "held", "powered", "said"),
    [("0", "0", "yes", WAITS), ("0", "", "yes", "1"), ("0", "0", "", "0"), ("9", "0", "yes", "0")],
    ids=["held", "open", "reset", "another"],
)
async def test_chip_waits_where_its_pin_is_held_as_power_comes(
    run: Run, pin: str, held: str, powered: str, said: str
) -> None:
    script = await run(
        "from machine import Pin",
        "print(Pin(0, Pin.IN, Pin.PULL_UP).value())",
        chip=[f"strapping {pin}"],
        HELD=held,
        POWERED=powered,
    )
    assert await script.line() == said
    script.say("quit")
    assert await script.rest() == []


async def test_light_with_a_held_button_waits_for_a_programmer_and_comes_back(tmp_path: Path) -> None:
    async with hostile_light(tmp_path, "strapping 0") as (light, broker):
        await lives(light, broker)
        light.button_down()
        await light.power_cut()
        await light.power_on()
        await light.until(lambda now: now.log == WAITS)
        assert light.output.us == 0
        light.button_up()
        await light.power_cut()
        await light.power_on()
        await lives(light, broker)
        await comes_back(light, broker)


async def test_button_that_is_held_over_a_reset_is_no_press(micropython: Command, tmp_path: Path) -> None:
    async with watched(tmp_path, None, "{", chip=["strapping 0"]) as seen:
        await seen.says("the last start failed: the next one comes in 1 s")
        seen.light.button_down()
        await seen.until(lambda now: bool(now.us) and now.duty == DARK)
        await seen.says("reset")
        await seen.until(lambda now: bool(now.us))
        await seen.says("the last start failed: the next one comes in 2 s")
        seen.light.button_up()
        await seen.switches(DIM)
        assert [DARK, DIM] in seen.duties
        assert seen.duties[:2] == [[DIM], [DIM, DARK]]


async def failures(seen: Watch, words: str) -> int:
    """How often the power fails before a boot is over. Then the light is as it was, and acts, if the power stays."""
    await seen.until(lambda now: now.log.startswith("link lost"))
    failed = seen.logs.count("brown-out")
    assert {level for boot in seen.duties for level in boot} == {DIM}, words
    assert record.newest([*seen.written().values()])[2] == (True, 100), words
    if failed == int(words.split()[1]):
        await seen.switches(DARK)
    return failed


async def test_power_that_fails_at_any_step_of_a_boot_leaves_a_light(micropython: Command, tmp_path: Path) -> None:
    """Three boots in a row, at each step in turn, up to where the boot is over before it fails."""
    ends = asyncio.Event()

    async def live(step: int) -> None:
        words = f"brownout 3 {step}"
        async with watched(tmp_path / str(step), None, chip=[words]) as seen:
            failed = await failures(seen, words)
            assert failed in (0, 3), words
            if not failed:
                ends.set()

    for first in itertools.count(1, AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for step in range(first, first + AT_ONCE):
                tasks.create_task(live(step))
        if ends.is_set():
            assert first > 3 * AT_ONCE
            return


async def test_power_that_fails_after_a_time_again_and_again(micropython: Command, tmp_path: Path) -> None:
    async def live(ms: int) -> None:
        words = f"brownout 5 {ms}ms"
        async with watched(tmp_path / str(ms), None, chip=[words]) as seen:
            assert await failures(seen, words) in (range(6) if ms > 1 else [5])

    async with asyncio.TaskGroup() as tasks:
        for ms in (1, 5, 20, 40, 60, 100, 200, 400):
            tasks.create_task(live(ms))


async def test_no_epoch_is_told_twice_over_brown_outs(tmp_path: Path) -> None:
    """Its power fails as soon as it has told one."""
    async with hostile_light(tmp_path, "flash well") as (light, broker):
        told = []
        for _ in range(4):
            told.append((await (await broker.visit()).welcome()).version[0])
            light.send_command("brownout 9 1ms")
        assert told == sorted(set(told))
