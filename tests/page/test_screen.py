from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from presslight.contract.phone import MAX_HAVE
from tests.page.fake_bridge import view
from tests.page.tables import Case, cases

TABLE = Path(__file__).parents[1] / "mobile_sim" / "screen_table.json"

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


async def test_screen_compares_the_epoch_before_the_count(modules: Page) -> None:
    takes = [("take", view(version=version), 0) for version in ([1, 900], [2, 0], [1, 901])]

    assert await run(modules, *takes) == ["newer", "newer", "older"]


async def test_screen_takes_a_lights_presence_at_the_same_version(modules: Page) -> None:
    steps = ("take", view(), 0), ("take", view(online=False), 5), ("have",)

    assert (await run(modules, *steps))[-1] == {"kitchen": {"version": [1, 1], "online": False}}


async def test_light_that_died_before_its_newest_version_was_kept_is_offline(modules: Page) -> None:
    old = view(seq=17, online=False)
    steps = ("take", view(seq=18), 0), ("take", old, 5), ("take", old, 6), ("take", view(seq=17), 7), ("have",)

    told = await run(modules, *steps)
    assert told[:4] == ["newer", "same", "older", "older"]
    assert told[4] == {"kitchen": {"version": [1, 18], "online": False}}


async def test_news_of_a_connected_light_are_fresh(modules: Page) -> None:
    assert await run(modules, ("take", view(age_ms=9_000), 0), ("age", "kitchen", 50_000, True)) == ["newer", None]


async def test_news_age_from_when_the_link_was_last_heard(modules: Page) -> None:
    steps = ("take", view(), 0), ("freeze", 50_000), ("age", "kitchen", 52_000, False)

    assert (await run(modules, *steps))[-1] == 2_000


async def test_news_of_an_offline_light_age_from_when_it_was_heard_itself(modules: Page) -> None:
    steps = ("take", view(online=False, age_ms=7_000), 0), ("freeze", 50_000), ("age", "kitchen", 52_000, True)

    assert (await run(modules, *steps))[-1] == 59_000


async def test_light_of_which_the_next_bridge_does_not_speak_is_offline_until_it_does(modules: Page) -> None:
    takes = [("take", view(name), 0) for name in ("kitchen", "hall", "cellar")]
    clock = {"id": "hall", "boot": "00000001", "up": 61_000, "age_ms": 0}
    steps = (
        *takes,
        ("greet",),
        ("take", view("kitchen"), 200),
        ("hearClock", clock, 200),
        ("have",),
        ("miss",),
        ("have",),
        ("take", view("cellar"), 300),
        ("miss",),
        ("have",),
    )

    before, after, again = (answer for answer in await run(modules, *steps) if isinstance(answer, dict))

    assert [name for name, shown in before.items() if not shown["online"]] == []
    assert [name for name, shown in after.items() if not shown["online"]] == ["cellar"]
    assert [name for name, shown in again.items() if not shown["online"]] == []


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


async def test_light_that_was_taken_away_may_come_again_in_any_version(modules: Page) -> None:
    steps = (
        ("take", view(seq=9), 0),
        ("greet",),
        ("takeAway", "kitchen"),
        ("miss",),
        ("have",),
        ("take", view(seq=1), 5),
    )

    assert (await run(modules, *steps))[-2:] == [{}, "newer"]


@pytest.mark.parametrize("case", cases(TABLE))
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


async def test_line_that_a_welcome_tells_of_is_where_the_count_starts(modules: Page) -> None:
    clock = {"id": "hall", "boot": "00000001", "up": 1, "age_ms": 0, "line": 2}
    steps = (
        ("take", view(seq=5), 0),
        ("take", view("hall", seq=5), 0),
        ("greet",),
        ("welcome", view(seq=4, line=3), 1),
        ("hearClock", clock, 1),
        ("take", view(seq=4, line=3), 2),
        ("take", view("hall", seq=4, line=2), 2),
        ("take", view(seq=4, line=4), 3),
        ("take", view("hall", seq=4, line=3), 3),
    )
    told = await run(modules, *steps)
    assert [told[3], *told[5:]] == ["older", "older", "older", "anew", "anew"]


async def test_lines_of_a_light_that_was_taken_away_count_no_more(modules: Page) -> None:
    steps = (
        ("take", view(seq=9, line=4), 0),
        ("takeAway", "kitchen"),
        ("take", view(seq=2), 1),
        ("take", view(seq=1, line=1), 2),
    )
    assert (await run(modules, *steps))[2:] == ["newer", "anew"]
