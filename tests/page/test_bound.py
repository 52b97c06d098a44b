import pytest
from playwright.async_api import Page

from tests.page.tables import RULES, Case, cases

RUN = """async (steps) => {
    const { Bound } = await import('/bound.js');
    let bound = null;
    return steps.map(({ at, event, press }) => {
        if (bound === null) bound = new Bound(event.boot, event.up, at);
        else if (event.type === 'heard') bound.hear(event.boot, event.up, at);
        else if (event.type === 'anew') bound.restart(event.boot, event.up, at);
        const deadline = press ? bound.notAfter(at, press.patience_ms) : null;
        return { bound: bound.at(at), deadline, lead: press ? bound.lead(deadline, at) : null };
    });
}"""


@pytest.mark.parametrize("case", cases(RULES / "bound_table.json"))
async def test_bound_and_deadlines_are_what_the_table_says(modules: Page, case: Case) -> None:
    for step, ran in zip(case["steps"], await modules.evaluate(RUN, case["steps"]), strict=True):
        assert ran["bound"] == pytest.approx(step.get("bound", ran["bound"])), step
        press = step.get("press", {})
        assert ran["deadline"] == press.get("deadline"), step
        assert ran["lead"] == pytest.approx(press.get("lead")), step


async def test_lead_of_another_boot_is_not_known(modules: Page) -> None:
    lead = """async () => {
        const { Bound } = await import('/bound.js');
        return new Bound('aaaaaaaa', 60_000, 1_000).lead({ boot: 'bbbbbbbb', up: 99_999 }, 1_000);
    }"""
    assert await modules.evaluate(lead) == float("inf")
