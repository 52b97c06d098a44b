import pytest

from presslight.mobile_sim.heartbeat import Heartbeat
from tests.mobile_sim.tables import Case, cases


@pytest.mark.parametrize("case", cases("heartbeat_table.json"))
def test_heartbeat_is_what_the_table_says(case: Case) -> None:
    heart = Heartbeat(case["ping_ms"], case["rtt_ms"], 0)
    for step in case["steps"]:
        now, event = step["at"], step["event"]
        if event["type"] in ("heard", "pong"):
            heart.on_frame(now)
        if event["type"] == "pong":
            heart.pong(event["n"], now)
        if event["type"] == "doubt":
            heart.doubt(now)
        silent = heart.is_silent(now)
        assert (silent, None if silent else heart.due(now)) == (step["silent"], step["ping"]), step
        assert step.get("rtt", heart.rtt_ms) == heart.rtt_ms, step
        assert step.get("wake", heart.wake_at) == heart.wake_at, step
