from typing import Any

import pytest
from playwright.async_api import Page

from presslight.contract.phone import MAX_HAVE
from tests.page.fake_bridge import view
from tests.page.tables import RULES, Case, cases

RUN = """async (steps) => {
    const { Screen } = await import('/screen.js');
    const screen = new Screen();
    return steps.map(([name, ...given]) => screen[name](...given) ?? null);
}"""


async def run(modules: Page, *steps: tuple[object, ...]) -> Any:
    return await modules.evaluate(RUN, [list(step) for step in steps])


async def test_screen_shows_only_what_is_newer(modules: Page) -> None:
    takes = [("take", view(seq=seq), 0) for seq in (2, 3, 1, 3)]

    assert await run(modules, *takes) == ["newer", "newer", "older", "same"]


async def test_news_of_a_connected_light_are_fresh(modules: Page) -> None:
    assert await run(modules, ("take", view(age_ms=9_000), 0), ("age", "kitchen", 50_000, True)) == ["newer", None]


async def test_news_age_from_when_the_link_was_last_heard(modules: Page) -> None:
    steps = ("take", view(), 0), ("freeze", 50_000), ("age", "kitchen", 52_000, False)

    assert (await run(modules, *steps))[-1] == 2_000


async def test_news_of_an_offline_light_age_from_when_it_was_heard_itself(modules: Page) -> None:
    steps = ("take", view(online=False, age_ms=7_000), 0), ("freeze", 50_000), ("age", "kitchen", 52_000, True)

    assert (await run(modules, *steps))[-1] == 59_000


async def test_clock_alone_betters_the_bound_of_its_boot(modules: Page) -> None:
    def clock(**changes: Any) -> dict[str, Any]:
        return {"id": "kitchen", "boot": "00000001", "up": 90_000, "age_ms": 4} | changes

    steps = (
        ("take", view(age_ms=50), 0),
        ("hearClock", clock(), 10),
        ("hearClock", clock(boot="00000002", up=99_000), 11),
        ("hearClock", clock(id="hall"), 12),
        ("age", "kitchen", 20, False),
    )
    assert await run(modules, *steps) == ["newer", True, False, False, 14]


async def test_hello_names_no_more_lights_than_fit_in_a_frame(modules: Page) -> None:
    lights = [("take", view(f"light-{n}"), 0) for n in range(200)]

    assert len((await run(modules, *lights, ("have",)))[-1]) == MAX_HAVE


@pytest.mark.parametrize("case", cases(RULES / "screen_table.json"))
async def test_screen_knows_of_a_change_what_the_table_says(modules: Page, case: Case) -> None:
    for n, step in enumerate(case["steps"]):
        told = [
            ("take", view(version=each["version"], change=each["change"]), each["at"])
            for each in case["steps"][: n + 1]
        ]
        change = (await run(modules, *told, ("change", "kitchen", step["at"])))[-1]
        known = change and [change["by"], change.get("phone"), step["at"] - change["age_ms"]]
        assert known == step["known"], step


async def test_new_line_of_versions_is_shown_of_whatever_version(modules: Page) -> None:
    steps = (
        ("greet",),
        ("welcome", view(version=[9, 9], boot="0badb007", up=10**12), 0),
        ("take", view(seq=3), 1),
        ("take", view(seq=2, line=1), 2),
        ("take", view(seq=1, line=1), 3),
        ("have",),
    )
    told = await run(modules, *steps)
    assert told[1:5] == ["newer", "older", "anew", "older"]
    assert told[5] == {"kitchen": {"version": [1, 2], "online": True}}


FOLLOW = """async ({ steps, plain }) => {
    const { Screen } = await import('/screen.js');
    const screen = new Screen();
    const follow = {
        link_up: () => screen.greet(),
        link_down: (_, at) => screen.freeze(at),
        welcome: ({ light }, at) => screen.welcome({ ...plain, ...light }, at),
        light: ({ light }, at) => screen.take({ ...plain, ...light }, at),
        clock: ({ clock }, at) => screen.hearClock(clock, at),
        gone: ({ light }) => screen.takeAway(light),
        broker: () => screen.miss(),
    };
    return steps.map(({ at, event }) => {
        follow[event.type](event, at);
        const shown = screen.ids.map((id) => [id, [screen.view(id).version, screen.view(id).online]]);
        const bounds = screen.ids.map((id) => [id, screen.bound(id).at(at)]);
        return { shown: Object.fromEntries(shown), bound: Object.fromEntries(bounds) };
    });
}"""


@pytest.mark.parametrize("case", cases(RULES / "screen_version_table.json"))
async def test_screen_shows_the_version_that_the_table_says(modules: Page, case: Case) -> None:
    ran = await modules.evaluate(FOLLOW, {"steps": case["steps"], "plain": view()})
    for step, screen in zip(case["steps"], ran, strict=True):
        assert screen["shown"] == step["shown"], step
        assert {**screen["bound"], **step.get("bound", {})} == screen["bound"], step
