from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page


async def press_to_light(modules: Page, *given: object) -> Any:
    return await modules.evaluate("async (given) => (await import('/measure.js')).pressToLight(...given)", list(given))


RECENT = """async ({ made, budget }) => {
    const { Recent } = await import('/measure.js');
    const { summaryOf } = await import('/summary.js');
    const recent = new Recent();
    made.forEach((one) => (typeof one === 'number' ? recent.add(one) : recent.fail(one)));
    const { size, failure } = recent;
    return {
        size, failure, totals: recent.totals, within: [0, 0.5, 0.99, 1].map((share) => recent.within(share)),
        over: recent.over(budget), not: recent.count('not'), unsure: recent.count('unsure'),
        says: summaryOf(recent, budget).replaceAll('\\u00a0', ' '),
    };
}"""


async def recent(modules: Page, made: Sequence[float | str], budget: float = 2_000) -> Any:
    return await modules.evaluate(RECENT, {"made": list(made), "budget": budget})


async def test_light_changed_between_its_own_time_and_the_word(modules: Page) -> None:
    assert await press_to_light(modules, 20, {"light_us": 4_000}, 2_000) == {"least": 4, "most": 20}


async def test_without_legs_nothing_is_known_of_the_travel(modules: Page) -> None:
    assert await press_to_light(modules, 20, None, 2_000) == {"least": 0, "most": 20}


async def test_light_never_acted_past_its_deadline_however_late_the_word_came(modules: Page) -> None:
    assert await press_to_light(modules, 600_000, {"light_us": 0}, 2_000) == {"least": 0, "most": 2_000}


async def test_within_is_the_nearest_rank(modules: Page) -> None:
    times = [float(n) for n in range(100, 0, -1)]

    assert (await recent(modules, times))["within"] == [1, 50, 99, 100]


async def test_only_the_newest_hundred_are_kept(modules: Page) -> None:
    kept = await recent(modules, [1] * 50 + ["not"] * 60 + [2] * 40)

    assert (kept["size"], kept["not"], kept["totals"]) == (100, 60, [2] * 40)


async def test_failures_are_no_times(modules: Page) -> None:
    kept = await recent(modules, [5, "not", "unsure", 3_000, "not"])

    assert kept["within"] == [5, 5, 3_000, 3_000]
    assert (kept["over"], kept["not"], kept["unsure"], kept["failure"]) == (1, 2, 1, "not")


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ([18], "Last press: told after 18 ms."),
        (["not"], "Last press: did not happen."),
        (["unsure"], "Last press: what came of it is not known."),
        (
            [12, 18, 14],
            "Last 3 presses: all done. Half were told within 14 ms, the slowest after 18 ms. All within the budget.",
        ),
        (
            [12, "not", 14, "not", 16, "not"],
            "Last 6 presses: 3 done, 3 did not happen. Half were told within 14 ms, the slowest after 16 ms.",
        ),
        (["not", "unsure"], "Last 2 presses: 0 done, 1 did not happen, 1 not known."),
        (
            [2_100, 2_500],
            (
                "Last 2 presses: all done. Half were told within 2,100 ms, the slowest after 2,500 ms."
                " 2 told later than the budget."
            ),
        ),
    ],
)
async def test_summary_counts_everything(modules: Page, made: Sequence[float | str], says: str) -> None:
    assert (await recent(modules, made))["says"] == says
