"""Flash that is full or refuses: the stand-in, and a light that lives with it."""

import asyncio
import json
from pathlib import Path

import pytest

from presslight.micropython import Command
from presslight.simulated.simulated_light import SimulatedLight
from tests.firmware.bare_broker import BareBroker
from tests.firmware.script import Run
from tests.firmware.watch import DARK, DIM, HEAP, SETTINGS, WAIT_S, watched

KEEP = """
    import os, sys
    def act(name, do):
        try:
            do()
            print(name)
        except OSError as error:
            print(name, error.errno)
    def write(place, content):
        with open(place, "wb") as file:
            act("write", lambda: file.write(content))
            act("flush", file.flush)
    def read(place):
        with open(place, "rb") as file:
            print(bytes(file.read()))
    act("keep", lambda: write("a", b"old"))
"""
ACTS = """
    act("keep", lambda: write("a", b"new"))
    act("rename", lambda: os.rename("a", "b"))
    act("remove", lambda: os.remove("b"))
    act("read", lambda: read("a"))
"""
GOOD = ["write", "flush", "keep"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("flash well", [*GOOD, "rename", "remove", "read 2"]),
        ("flash ENOSPC open 2", ["keep 28", "rename", "remove", "read 2"]),
        ("flash ENOSPC write 2", ["write 28", "flush", "keep", "rename", "remove", "read 2"]),
        ("flash EIO flush 2", ["write", "flush 5", "keep", "rename", "remove", "read 2"]),
        ("flash EIO rename", [*GOOD, "rename 5", "remove 5", "b'new'", "read"]),
        ("flash EIO rename 2", [*GOOD, "rename", "remove 5", "read 2"]),
        ("flash EIO read", [*GOOD, "rename", "remove", "read 5"]),
    ],
)
async def test_flash_refuses_what_it_is_told_to(run: Run, word: str, said: list[str]) -> None:
    script = await run(KEEP, ACTS, chip=[word])
    assert await script.rest() == [*GOOD, *said]


async def test_file_that_met_an_error_stays_as_it_was(run: Run, tmp_path: Path) -> None:
    script = await run(KEEP, 'act("keep", lambda: write("a", b"new"))', chip=["flash ENOSPC write 2"])
    assert await script.rest() == [*GOOD, "write 28", "flush", "keep"]
    assert (tmp_path / "a").read_bytes() == b"old"


async def test_file_is_written_whole_with_its_close_and_not_before(run: Run, tmp_path: Path) -> None:
    script = await run(
        KEEP,
        """
        file = open("a", "wb")
        file.write(b"n")
        file.write(b"ew")
        print("open")
        sys.stdin.readline()
        file.close()
        """,
        chip=["flash well"],
    )
    assert [await script.line() for _ in range(4)] == [*GOOD, "open"]
    assert (tmp_path / "a").read_bytes() == b"old"
    script.say("")
    assert await script.rest() == []
    assert (tmp_path / "a").read_bytes() == b"new"


async def test_flash_refuses_from_a_word_on_to_the_next(run: Run) -> None:
    script = await run(
        KEEP,
        """
        import asyncio, channel
        channel.on("keep", lambda: act("keep", lambda: write("a", b"new")))
        asyncio.run(asyncio.Event().wait())
        """,
        chip=["flash well"],
    )
    for word in ("keep", "flash ENOSPC open", "keep", "flash well", "keep", "flash", "sing", "quit"):
        script.say(word)
    strange = [f"the simulator has no word '{word}'" for word in ("flash", "sing")]
    assert await script.rest() == [*GOOD, *GOOD, "keep 28", *GOOD, *strange]


@pytest.mark.parametrize("word", ["ENOSPC open", "ENOSPC write", "EIO flush", "EIO write 2"])
async def test_light_whose_flash_refuses_shines_and_is_switched(
    micropython: Command, tmp_path: Path, word: str
) -> None:
    async with watched(tmp_path, None, chip=[f"flash {word}"]) as seen:
        await seen.until(lambda now: now.duty == DIM)
        await seen.until(lambda now: now.log.startswith("flash: "))
        await seen.switches(DARK)
        await seen.switches(DIM)
        assert seen.duties == [[DIM, DARK, DIM]]


async def test_light_keeps_its_state_once_its_flash_takes_writes_again(micropython: Command, tmp_path: Path) -> None:
    async with watched(tmp_path, None, chip=["flash ENOSPC flush"]) as seen:
        await seen.says("flash: 28")
        await seen.switches(DARK)
        seen.light.send_command("flash well")
        await seen.says("flash: kept off 100")
        await seen.light.power_cut()
        await seen.light.power_on()
        await seen.until(lambda now: bool(now.us) and now.duty == DARK)


@pytest.mark.parametrize("words", [("flash ENOSPC open",), ("flash EIO flush",)])
async def test_light_whose_flash_refuses_tells_no_epoch_twice_and_says_that_it_is_degraded(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Over power cuts, which take RTC memory along: what is on its flash is the same at each boot."""
    async with BareBroker("kitchen") as broker:
        light = SimulatedLight("kitchen", broker.address, tmp_path, heap=HEAP, chip=words)
        told = []
        async with light:
            for _ in range(4):
                report = await (await broker.visit()).welcome()
                told.append(report.version[0])
                assert report.degraded == "flash"
                await light.power_cut()
                await light.power_on()
            light.chip.words = ()
            await light.power_cut()
            await light.power_on()
            while (report := await (await broker.visit()).welcome()).degraded:
                pass
        assert len({*told, report.version[0]}) == 5


async def test_light_whose_flash_takes_writes_again_is_degraded_no_more(tmp_path: Path) -> None:
    async with (
        BareBroker("kitchen") as broker,
        SimulatedLight("kitchen", broker.address, tmp_path, heap=HEAP, chip=("flash EIO write",)) as light,
    ):
        visit = await broker.visit()
        assert (await visit.welcome()).degraded == "flash"
        light.send_command("flash well")
        light.press_button()
        assert (await visit.report()).degraded == "flash"
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda now: now.log.startswith("flash: kept"))
        light.press_button()
        while (await visit.report()).degraded:
            pass


async def test_light_whose_flash_cannot_be_read_is_switched_and_tries_again(
    micropython: Command, tmp_path: Path
) -> None:
    """Neither its settings nor how it was can be read: it is dark, on the usual pins."""
    async with watched(tmp_path, None, json.dumps(SETTINGS), chip=["flash EIO read"]) as seen:
        await seen.until(lambda now: bool(now.us))
        await seen.until(lambda now: now.log.startswith("the last start failed"))
        async with asyncio.timeout(20):
            seen.light.press_button()
            await seen.light.until(lambda now: now.duty > 0)
        seen.light.chip.words = ()
        await seen.says("reset")
        await seen.until(lambda now: "kept" in now.log)
