from rich.console import Console

from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.measure.report import table
from presslight.mobile_sim.measure.result import conclude
from tests.mobile_sim.measure.test_result import PLAN, applied, tally_of


def shown(*journeys: Journey) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(table(conclude(tally_of(*journeys), PLAN, "b")))
    return captured.get()


def test_table_has_the_journey_its_legs_and_the_percentiles() -> None:
    text = shown(*[applied(50)] * 100)
    for expected in ("press → light", "press → confirmation", "p99.9", "broker", "generator late", "100 applied"):
        assert expected in text
    assert "100 presses at 40/s on kitchen" in text
    assert "50.0" in text


def test_table_of_nothing_measured_has_dashes() -> None:
    text = shown(*[Journey("k", "kitchen", PhoneStatus.NOT_SENT)] * 100)
    assert "–" in text
    assert "100 not_sent" in text
