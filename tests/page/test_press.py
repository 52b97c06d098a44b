"""The rules of a press, from the table that every phone is held to."""

from typing import Any

import pytest
from playwright.async_api import Page

from tests.page.tables import RULES, Case, cases

RUN = """async ({ press, steps }) => {
    const { Press } = await import('/press.js');
    const one = new Press(press.at ?? 0, press.lead_ms, press);
    return steps.map(({ event, at }) => ({ actions: one.onEvent(event, at), state: one.state }));
}"""


async def run(modules: Page, case: Case) -> list[dict[str, Any]]:
    return list(await modules.evaluate(RUN, case))


@pytest.mark.parametrize("case", cases(RULES / "press_table.json"))
async def test_press_does_what_the_table_says(modules: Page, case: Case) -> None:
    status = None
    for step, ran in zip(case["steps"], await run(modules, case), strict=True):
        actions = ran["actions"]
        wakes = [actions.pop()["at"]] if actions and actions[-1]["do"] == "wake" else []
        status = next((action["status"] for action in actions if action["do"] == "say"), status)
        assert (actions, status) == (step["actions"], step["status"]), step
        assert bool(wakes) == (ran["state"] != "closed"), step
        assert "wake" not in step or wakes == [step["wake"]], step


async def test_press_that_waited_for_its_turn_is_measured_from_the_finger(modules: Page) -> None:
    pressed = {"event": {"type": "pressed", "rtt_ms": 40}, "at": 1_000}
    applied = {"event": {"type": "outcome", "status": "applied"}, "at": 1_030}
    case = {"press": {"at": 1_000, "finger": 700, "lead_ms": 2_000}, "steps": [pressed, applied]}
    first, last = await run(modules, case)

    assert {"do": "send", "age_ms": 300} in first["actions"]
    assert {"do": "wake", "at": 1_300} in first["actions"]
    assert {"do": "shown", "ms": 330} in last["actions"]


async def test_press_refuses_an_event_that_it_does_not_know(modules: Page) -> None:
    case = {"press": {"lead_ms": 2_000}, "steps": [{"event": {"type": "surprise"}, "at": 0}]}

    with pytest.raises(Exception, match="a press knows no event surprise"):
        await run(modules, case)
