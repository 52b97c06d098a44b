import json

from presslight.contract.phone import Legs
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.measure.result import Plan, Result, conclude
from presslight.mobile_sim.measure.tally import Tally

PLAN = Plan(lights=("kitchen",), presses=100, warm_up=10, rate=40, patience_ms=4_000, budget_ms=2_000)


def tally_of(*journeys: Journey, late_ms: float = 0.1) -> Tally:
    tally = Tally()
    for journey in journeys:
        tally.add(journey)
        tally.lateness.add(late_ms)
    return tally


def applied(total_ms: float) -> Journey:
    return Journey("k", "kitchen", PhoneStatus.APPLIED, total_ms=total_ms, legs=Legs(bridge_us=1_000, light_us=100))


def failed(result: Result) -> dict[str, str]:
    return {check.name: check.text for check in result.checks if not check.passed}


def test_run_within_budget_passes_everything() -> None:
    result = conclude(tally_of(*[applied(50)] * 100), PLAN, "b")
    assert (result.verdict, failed(result)) == ("within", {})


def test_run_over_budget_says_which_number_by_how_much() -> None:
    result = conclude(tally_of(*[applied(50)] * 95, *[applied(2_500)] * 5), PLAN, "b")
    assert result.verdict == "over"
    text = failed(result)["press_to_confirmation"]
    assert "p99 is 2,5" in text
    assert "over the budget of 2 s" in text
    assert "press_to_light" not in failed(result)


def test_one_press_that_was_not_applied_is_over() -> None:
    result = conclude(tally_of(*[applied(50)] * 99, Journey("k", "kitchen", PhoneStatus.REFUSED, "late")), PLAN, "b")
    assert failed(result) == {"applied": "99 of 100 presses were applied; the others: 1 refused: late"}


def test_press_without_a_last_word_is_over() -> None:
    result = conclude(tally_of(*[applied(50)] * 99, Journey("k", "kitchen", PhoneStatus.UNCONFIRMED)), PLAN, "b")
    assert "99 of 100 presses have their last word" in failed(result)["last_words"]


def test_run_without_an_applied_press_is_over_and_has_no_figures() -> None:
    result = conclude(tally_of(*[Journey("k", "kitchen", PhoneStatus.NOT_SENT)] * 100), PLAN, "b")
    assert result.verdict == "over"
    assert result.press_to_light is None
    assert "nothing to measure" in failed(result)["press_to_light"]


def test_late_generator_makes_the_run_say_nothing() -> None:
    result = conclude(tally_of(*[applied(50)] * 100, late_ms=200), PLAN, "b")
    assert result.verdict == "unmeasured"
    assert "100 ms allowed" in result.notes[0]


def test_few_presses_are_said_to_be_rough() -> None:
    assert "p99 of 100 presses is rough" in conclude(tally_of(*[applied(50)] * 100), PLAN, "b").notes[0]
    many = PLAN.model_copy(update={"presses": 1_000})
    assert conclude(tally_of(*[applied(50)] * 1_000), many, "b").notes == ()


def test_result_as_json_is_stable() -> None:
    result = conclude(tally_of(*[applied(50)] * 100), PLAN, "b")
    written = json.loads(result.model_dump_json())
    assert set(written) == {
        "v", "bridge", "plan", "verdict", "checks", "notes", "words", "failures", "press_to_light",
        "press_to_light_error", "press_to_confirmation", "legs", "lateness",
    }  # fmt: skip
    assert set(written["press_to_light"]) == {"n", "p50", "p90", "p99", "p99_9", "max", "p99_low", "p99_high"}
    assert set(written["plan"]) == {"lights", "presses", "warm_up", "rate", "patience_ms", "budget_ms"}
    assert Result.model_validate_json(result.model_dump_json()) == result
