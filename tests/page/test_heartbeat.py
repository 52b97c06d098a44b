import pytest
from playwright.async_api import Page

from tests.page.tables import RULES, Case, cases

RUN = """async ({ ping_ms, rtt_ms, steps }) => {
    const { Heartbeat } = await import('/heartbeat.js');
    const heart = new Heartbeat(ping_ms, rtt_ms, 0);
    return steps.map(({ at, event }) => {
        if (event.type === 'heard' || event.type === 'pong') heart.heard(at);
        if (event.type === 'pong') heart.pong(event.n, at);
        if (event.type === 'doubt') heart.doubt(at);
        const silent = heart.isSilent(at);
        return { silent, ping: silent ? null : heart.due(at), rtt: heart.rtt, wake: heart.wakeAt };
    });
}"""


@pytest.mark.parametrize("case", cases(RULES / "heartbeat_table.json"))
async def test_heartbeat_is_what_the_table_says(modules: Page, case: Case) -> None:
    for step, ran in zip(case["steps"], await modules.evaluate(RUN, case), strict=True):
        assert (ran["silent"], ran["ping"]) == (step["silent"], step["ping"]), step
        assert {**ran, **{name: step[name] for name in ("rtt", "wake") if name in step}} == ran, step
