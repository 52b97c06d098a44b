import pytest
from playwright.async_api import Page

from tests.page.tables import RULES, Case, cases

RUN = """async (steps) => {
    const { Backoff } = await import('/backoff.js');
    const backoff = new Backoff(() => 1);
    return steps.map(({ lived_ms, answered }) => backoff.after(lived_ms, answered));
}"""


@pytest.mark.parametrize("case", cases(RULES / "backoff_table.json"))
async def test_longest_wait_is_what_the_table_says(modules: Page, case: Case) -> None:
    assert await modules.evaluate(RUN, case["steps"]) == [step["longest"] for step in case["steps"]]
