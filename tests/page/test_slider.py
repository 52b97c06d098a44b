from typing import Any

from playwright.async_api import Page

Event = dict[str, object]

RUN = """async (events) => {
    const { Slider } = await import('/slider.js');
    const slider = new Slider();
    return events.map((event) => slider.onEvent(event).map(({ set, at }) => [set.brightness, at]));
}"""


def moved(value: int, at: int = 0) -> Event:
    return {"type": "moved", "set": {"brightness": value}, "at": at}


SETTLED: Event = {"type": "settled"}
OVERRULED: Event = {"type": "overruled"}


async def run(modules: Page, *events: Event) -> Any:
    return await modules.evaluate(RUN, list(events))


async def test_slider_presses_its_first_value_at_once(modules: Page) -> None:
    assert await run(modules, moved(40, 5)) == [[[40, 5]]]


async def test_slider_keeps_only_the_newest_value_while_one_is_on_its_way(modules: Page) -> None:
    assert await run(modules, moved(40), moved(50), moved(60, 9), SETTLED) == [[[40, 0]], [], [], [[60, 9]]]


async def test_slider_rests_when_nothing_waits(modules: Page) -> None:
    assert await run(modules, moved(40), SETTLED, moved(50)) == [[[40, 0]], [], [[50, 0]]]


async def test_slider_back_at_the_value_on_its_way_presses_nothing_more(modules: Page) -> None:
    assert await run(modules, moved(40), moved(50), moved(40), SETTLED) == [[[40, 0]], [], [], []]


async def test_slider_drops_what_waits_when_another_wish_takes_over(modules: Page) -> None:
    assert await run(modules, moved(40), moved(50), OVERRULED, SETTLED) == [[[40, 0]], [], [], []]


async def test_slider_keeps_attributes_that_a_newer_wish_leaves_out(modules: Page) -> None:
    empty: Event = {"type": "moved", "set": {}, "at": 9}
    assert await run(modules, moved(40), moved(50), empty, SETTLED) == [[[40, 0]], [], [], [[50, 9]]]
