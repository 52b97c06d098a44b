"""A heap that begins with one area: when it grows, and what it is told to be."""

from pathlib import Path

import pytest

from tests.firmware.hostile_life import comes_back, hostile_light, lives
from tests.firmware.script import Run

GROWS = "the heap grows"
TAKE = """
    import asyncio, gc, sys
    SIZE = {size} * (148 if sys.maxsize > 1 << 32 else 100) // 100
    gc.collect()
    print(abs(gc.mem_free() - (20 * 1024 - 2_900) * SIZE // {size}) < 1_000)
    async def main():
        held = bytearray(SIZE)
        await asyncio.sleep_ms(300)
        print(len(held) == SIZE)
        gc.collect()
        print(gc.mem_free() > 2 * SIZE)
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("size", "said"),
    [(8_000, ["True", "True", "False"]), (12_500, ["True", GROWS, "True", "True"])],
    ids=["room", "none"],
)
async def test_heap_grows_when_its_first_area_is_used_up(run: Run, size: int, said: list[str]) -> None:
    script = await run(TAKE.format(size=size), chip=["heap 20"], heap="256k")
    assert await script.rest() == said


async def test_import_that_finds_no_room_finds_it_in_the_second_area(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text("held = bytearray(40_000)\n")
    script = await run("import large", "print(len(large.held))", chip=["heap 20"], heap="256k")
    assert await script.rest() == [GROWS, "40000"]


async def test_what_needs_more_than_both_areas_is_a_memory_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text("held = bytearray(400_000)\n")
    script = await run("import large", chip=["heap 20"], heap="256k")
    assert (await script.rest())[-1].startswith("MemoryError")


async def test_light_lives_where_its_heap_grows(tmp_path: Path) -> None:
    async with hostile_light(tmp_path, "heap 30") as (light, broker):
        await light.until(lambda now: now.log == GROWS)
        await lives(light, broker)
        await comes_back(light, broker)


async def test_light_that_has_room_for_all_says_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    async with hostile_light(tmp_path, "heap 90") as (light, broker):
        light.add_watcher(lambda now: said.append(now.log))
        await lives(light, broker)
    assert GROWS not in said
