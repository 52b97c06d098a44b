from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page


async def press_to_light(modules: Page, *given: object) -> Any:
    return await modules.evaluate("async (given) => (await import('/measure.js')).pressToLight(...given)", list(given))


async def recent(modules: Page, times: Sequence[float], share: float = 0) -> Any:
    run = """async ({ times, share }) => {
        const { Recent } = await import('/measure.js');
        const recent = new Recent();
        times.forEach((ms) => recent.add(ms, 2 * ms));
        return { within: recent.within(share), kept: recent.lights.length, over: recent.over(180) };
    }"""
    return await modules.evaluate(run, {"times": list(times), "share": share})


async def test_way_back_is_half_the_travel_give_or_take_that_half(modules: Page) -> None:
    assert await press_to_light(modules, 20, {"light_us": 4_000}, 2_000) == {"ms": 12, "give": 8}


async def test_without_legs_all_of_it_is_travel(modules: Page) -> None:
    assert await press_to_light(modules, 20, None, 2_000) == {"ms": 10, "give": 10}


async def test_light_never_acted_past_its_deadline_however_late_the_word_came(modules: Page) -> None:
    assert await press_to_light(modules, 600_000, {"light_us": 0}, 2_000) == {"ms": 1_000, "give": 1_000}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1, 100), (0, 1)])
async def test_within_is_the_nearest_rank(modules: Page, share: float, expected: int) -> None:
    times = [float(n) for n in range(100, 0, -1)]

    assert (await recent(modules, times, share))["within"] == expected


async def test_only_the_newest_hundred_are_kept(modules: Page) -> None:
    assert await recent(modules, [1] * 50 + [2] * 100) == {"within": 2, "kept": 100, "over": 0}


async def test_journeys_over_the_budget_are_counted_by_when_they_were_told(modules: Page) -> None:
    assert (await recent(modules, [89, 90, 91, 150]))["over"] == 2
