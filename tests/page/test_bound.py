from typing import Any

from playwright.async_api import Page

RUN = """async (steps) => {
    const { Bound } = await import('/bound.js');
    const bound = new Bound('aaaaaaaa', 60_000, 1_000);
    return steps.map(([name, ...given]) => bound[name](...given) ?? null);
}"""


async def run(modules: Page, *steps: tuple[object, ...]) -> Any:
    return await modules.evaluate(RUN, [list(step) for step in steps])


async def test_bound_grows_slower_than_the_phones_clock(modules: Page) -> None:
    assert await run(modules, ("at", 1_000), ("at", 11_000)) == [60_000, 69_990]


async def test_bound_before_the_frame_stays_below_the_frames_moment(modules: Page) -> None:
    assert await run(modules, ("at", 0)) == [58_999]


async def test_bound_takes_only_what_proves_more(modules: Page) -> None:
    steps = ("hear", "aaaaaaaa", 69_000, 11_000), ("at", 11_000), ("hear", "aaaaaaaa", 70_500, 11_000), ("at", 11_000)

    assert await run(modules, *steps) == [None, 69_990, None, 70_500]


async def test_bound_starts_anew_with_a_new_boot(modules: Page) -> None:
    steps = ("hear", "bbbbbbbb", 40, 11_000), ("notAfter", 11_000, 2_000)

    assert await run(modules, *steps) == [None, {"boot": "bbbbbbbb", "up": 2_040}]


async def test_deadline_lies_patience_past_the_bound_in_whole_ms(modules: Page) -> None:
    assert await run(modules, ("notAfter", 1_001, 2_000)) == [{"boot": "aaaaaaaa", "up": 62_000}]


async def test_deadline_never_goes_back_within_a_boot(modules: Page) -> None:
    early = {"boot": "aaaaaaaa", "up": 63_998}

    assert await run(modules, ("notAfter", 3_000, 2_000), ("notAfter", 1_500, 2_000)) == [early, early]


async def test_lead_shrinks_to_zero_at_the_deadline(modules: Page) -> None:
    deadline = {"boot": "aaaaaaaa", "up": 62_000}

    assert await run(modules, ("lead", deadline, 1_000), ("lead", deadline, 3_000)) == [2_000, 2]


async def test_lead_of_another_boot_is_not_known(modules: Page) -> None:
    assert await run(modules, ("lead", {"boot": "bbbbbbbb", "up": 99_999}, 1_000)) == [float("inf")]


async def test_deadline_that_was_given_on_a_false_clock_holds_back_no_other(modules: Page) -> None:
    steps = ("hear", "aaaaaaaa", 10**10, 1_000), ("notAfter", 1_000, 2_000), ("restart", "aaaaaaaa", 60_000, 1_000)

    assert (await run(modules, *steps, ("notAfter", 1_000, 2_000)))[-1] == {"boot": "aaaaaaaa", "up": 62_000}


async def test_deadline_of_a_true_clock_holds_also_where_a_line_of_versions_begins(modules: Page) -> None:
    steps = ("notAfter", 1_000, 9_000), ("restart", "aaaaaaaa", 60_000, 1_000), ("notAfter", 1_000, 2_000)

    assert (await run(modules, *steps))[-1] == {"boot": "aaaaaaaa", "up": 69_000}


async def test_deadline_is_no_later_than_the_wire_can_say(modules: Page) -> None:
    steps = ("hear", "aaaaaaaa", 10**13 - 1, 1_000), ("notAfter", 1_000, 2_000)

    assert (await run(modules, *steps))[-1] == {"boot": "aaaaaaaa", "up": 10**13 - 1}
