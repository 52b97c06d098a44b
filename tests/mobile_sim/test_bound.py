import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.words import MAX_DRIFT_PPM, Moment
from presslight.mobile_sim.bound import Bound, best, deadline, lead
from tests.mobile_sim.tables import Case, cases

DRIFTS = st.floats(-MAX_DRIFT_PPM, MAX_DRIFT_PPM)


@given(drift=DRIFTS, heard=st.floats(0, 1e7), later=st.floats(-1e6, 1e7))
def test_bound_never_exceeds_the_clock_of_a_drifting_light(drift: float, heard: float, later: float) -> None:
    rate = 1 + drift / 1e6
    bound = Bound("0badcafe", heard * rate, heard)
    assert bound.at(heard + later) <= (heard + later) * rate + 1e-3


def test_lead_shrinks() -> None:
    moment = Moment(boot="0badcafe", up=2_000)
    assert lead(moment, Bound("0badcafe", 500, 0), 0) == 1_500
    assert lead(moment, Bound("0badcafe", 2_500, 0), 0) == -500


@pytest.mark.parametrize("case", cases("bound_table.json"))
def test_bound_and_deadlines_are_what_the_table_says(case: Case) -> None:
    known: Bound | None = None
    latest: Moment | None = None
    for step in case["steps"]:
        now, event = step["at"], step["event"]
        if event["type"] in ("heard", "anew"):
            known = best(known if event["type"] == "heard" else None, Bound(event["boot"], event["up"], now))
        assert known is not None
        assert known.at(now) == pytest.approx(step.get("bound", known.at(now))), step
        if press := step.get("press"):
            latest = deadline(known, now, press["patience_ms"], latest)
            assert latest.model_dump() == press["deadline"], step
            assert lead(latest, known, now) == pytest.approx(press["lead"]), step
