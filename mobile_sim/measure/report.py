"""A result as people read it in a terminal."""

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from presslight.mobile_sim.measure.percentiles import Figures
from presslight.mobile_sim.measure.result import Result

LEG_NAMES = {
    "phone_network": "phone ⇄ bridge",
    "bridge": "bridge, till it heard the light",
    "broker_ack": "  broker's acknowledgement",
    "broker_and_light_travel": "  bridge ⇄ broker ⇄ light",
    "light": "  light",
}


def table(result: Result) -> Group:
    """Percentiles of the journey and its legs, in ms; then what was found."""
    grid = Table(title=_title(result), title_justify="left", caption="ms", caption_justify="right")
    grid.add_column("")
    for heading in ("p50", "p90", "p99", "p99.9", "max"):
        grid.add_column(heading, justify="right")
    for name, figures, bold in _rows(result):
        grid.add_row(name, *_cells(figures), style="bold" if bold else None)
    return Group(grid, *(Text(line) for line in _lines(result)))


def _title(result: Result) -> str:
    plan = result.plan
    lights = ", ".join(plan.lights) if len(plan.lights) <= 4 else f"{len(plan.lights)} lights"
    return f"{plan.presses} presses at {plan.rate:g}/s on {lights}, after {plan.warm_up} to warm up"


def _rows(result: Result) -> Iterator[tuple[str, Figures | None, bool]]:
    yield "press → light", result.press_to_light, True
    yield "  give or take", result.press_to_light_error, False
    yield "press → confirmation", result.press_to_confirmation, True
    for leg, figures in result.legs.items():
        yield LEG_NAMES.get(leg, leg), figures, False
    yield "generator late by", result.lateness, False


def _cells(figures: Figures | None) -> list[str]:
    if figures is None:
        return ["–"] * 5
    return [_ms(value) for value in (figures.p50, figures.p90, figures.p99, figures.p99_9, figures.max)]


def _ms(value: float) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def _lines(result: Result) -> Iterator[str]:
    yield ", ".join(f"{count} {status}" for status, count in result.words.items())
    yield from (f"Note: {note}." for note in result.notes)
