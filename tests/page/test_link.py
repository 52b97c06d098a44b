from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.page.tables import Case, cases

RUN = """async ({ steps }) => {
    const { Link } = await import('/link.js');
    const link = new Link(() => 0.5);
    const ran = steps.map(({ event, at }) => ({ actions: link.onEvent(event, at), state: link.state }));
    return { ran, rtt: link.rtt };
}"""


@pytest.mark.parametrize("case", cases(Path(__file__).with_name("link_table.json")))
async def test_link_acts_as_the_table_says(modules: Page, case: Case) -> None:
    result = await modules.evaluate(RUN, case)

    for step, ran in zip(case["steps"], result["ran"], strict=True):
        assert (ran["actions"], ran["state"]) == (step["actions"], step["state"]), step
    assert result["rtt"] == case["rtt"]


async def test_jitter_spreads_over_the_whole_wait(modules: Page) -> None:
    waits = await modules.evaluate("""async () => {
        const { Link } = await import('/link.js');
        return [0, 0.25, 0.999].map((drawn) => {
            const link = new Link(() => drawn);
            link.onEvent({ type: 'start' }, 0);
            return link.onEvent({ type: 'closed', code: 1006 }, 0).at(-1).at;
        });
    }""")

    assert waits == [0, 250, 999]
