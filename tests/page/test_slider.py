from typing import Any

import pytest
from playwright.async_api import Page

from tests.page.tables import RULES, Case, cases

Event = dict[str, object]

RUN = """async (events) => {
    const { Slider } = await import('/slider.js');
    const slider = new Slider();
    return events.map((event) => slider.onEvent(event).map(({ set, at }) => [set, at]));
}"""


async def run(modules: Page, *events: Event) -> Any:
    return await modules.evaluate(RUN, list(events))


@pytest.mark.parametrize("case", cases(RULES / "slider_table.json"))
async def test_slider_presses_what_the_table_says(modules: Page, case: Case) -> None:
    ran = await run(modules, *(step["event"] | {"at": 0} for step in case["steps"]))
    for step, presses in zip(case["steps"], ran, strict=True):
        assert presses == ([] if step["press"] is None else [[step["press"], 0]]), step


async def test_slider_tells_when_the_finger_made_the_wish_that_waited(modules: Page) -> None:
    steps: list[Event] = [{"type": "moved", "set": {"brightness": at}, "at": at} for at in (1, 2, 9)]
    assert await run(modules, *steps, {"type": "settled"}) == [
        [[{"brightness": 1}, 1]],
        [],
        [],
        [[{"brightness": 9}, 9]],
    ]
