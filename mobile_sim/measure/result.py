"""The result of a measurement: what was seen, and whether it keeps the budget. Pure.

Written as JSON this is a stable format: fields may be added, none changes its name, unit or meaning while `v` is 1.
All durations are ms.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.measure.duration import format_duration
from presslight.mobile_sim.measure.percentiles import SURE, Figures
from presslight.mobile_sim.measure.tally import Tally

LATE_MS = 10
LATE_SHARE = 0.05


class Plan(BaseModel):
    """A load: `presses` counted ones after `warm_up` others, `rate` a second, spread over `lights`."""

    model_config = ConfigDict(frozen=True)

    lights: tuple[str, ...]
    presses: int
    warm_up: int
    rate: float
    patience_ms: int
    budget_ms: float

    @property
    def lateness_limit_ms(self) -> float:
        """How late the generator's p99 may be before the run says nothing: 5 % of the budget, at least 10 ms."""
        return max(LATE_MS, LATE_SHARE * self.budget_ms)


class Check(BaseModel):
    """One thing that was asked of the run. `text`: what was found, in one sentence."""

    model_config = ConfigDict(frozen=True)

    name: Literal["press_to_light", "press_to_confirmation", "last_words", "applied"]
    passed: bool
    text: str


class Result(BaseModel):
    """A measurement.

    `verdict`: `within` the budget, `over` it, or `unmeasured` (the generator was too late to say).
    `words`: how many presses ended with which word; `failures`: those not applied, with their reasons.
    `press_to_light`: finger → output changed, where the way back is taken as half of the travel; each is off by at most
    its own `press_to_light_error`. `legs`: see `LEGS` in tally.py; percentiles of legs do not add up.
    `lateness`: how much later than intended the presses were made (it is part of all totals).
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    bridge: str
    plan: Plan
    verdict: Literal["within", "over", "unmeasured"]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    words: dict[str, int]
    failures: dict[str, int]
    press_to_light: Figures | None
    press_to_light_error: Figures | None
    press_to_confirmation: Figures | None
    legs: dict[str, Figures]
    lateness: Figures | None


def conclude(tally: Tally, plan: Plan, bridge: str) -> Result:
    """Judge a run."""
    checks = (
        _p99("press_to_light", "press → light", tally.light.figures(), plan.budget_ms),
        _p99("press_to_confirmation", "press → confirmation", tally.confirmation.figures(), plan.budget_ms),
        _last_words(tally, plan),
        _applied(tally, plan),
    )
    lateness = tally.lateness.figures()
    too_late = lateness is not None and lateness.p99 > plan.lateness_limit_ms
    return Result(
        bridge=bridge,
        plan=plan,
        verdict="unmeasured" if too_late else "within" if all(check.passed for check in checks) else "over",
        checks=checks,
        notes=tuple(_notes(tally, plan, too_late=too_late)),
        words={str(status): count for status, count in tally.words.most_common()},
        failures=dict(tally.failures.most_common()),
        press_to_light=tally.light.figures(),
        press_to_light_error=tally.error.figures(),
        press_to_confirmation=tally.confirmation.figures(),
        legs={leg: figures for leg, spread in tally.legs.items() if (figures := spread.figures())},
        lateness=lateness,
    )


def _p99(
    name: Literal["press_to_light", "press_to_confirmation"], what: str, figures: Figures | None, budget_ms: float
) -> Check:
    if figures is None:
        return Check(name=name, passed=False, text=f"{what}: no press was applied, so there is nothing to measure")
    over = figures.p99 - budget_ms
    said = f"{what} p99 is {format_duration(figures.p99)}"
    verdict = f"{format_duration(over)} over the budget of" if over > 0 else "within the budget of"
    return Check(name=name, passed=over <= 0, text=f"{said}, {verdict} {format_duration(budget_ms)}")


def _last_words(tally: Tally, plan: Plan) -> Check:
    open_ones = sum(count for status, count in tally.words.items() if not status.final)
    text = f"{plan.presses - open_ones} of {plan.presses} presses have their last word"
    return Check(name="last_words", passed=not open_ones, text=text)


def _applied(tally: Tally, plan: Plan) -> Check:
    applied = tally.words[PhoneStatus.APPLIED]
    why = ", ".join(f"{count} {failure}" for failure, count in tally.failures.most_common())
    text = f"{applied} of {plan.presses} presses were applied" + (f"; the others: {why}" if why else "")
    return Check(name="applied", passed=applied == plan.presses, text=text)


def _notes(tally: Tally, plan: Plan, *, too_late: bool) -> list[str]:
    notes = []
    lateness, figures = tally.lateness.figures(), tally.confirmation.figures()
    if too_late and lateness:
        notes.append(
            f"the generator made presses {format_duration(lateness.p99)} late at p99 "
            f"({format_duration(plan.lateness_limit_ms)} allowed): press less often, or from a less busy machine"
        )
    if figures and figures.n < SURE:
        notes.append(f"p99 of {figures.n} presses is rough ({_interval(figures)}); 1,000 or more say more")
    if tally.unmeasured:
        notes.append(f"{tally.unmeasured} applied presses came without legs; their total counts as press → light")
    return notes


def _interval(figures: Figures) -> str:
    low = format_duration(figures.p99_low) if figures.p99_low is not None else "0 ms"
    high = format_duration(figures.p99_high) if figures.p99_high is not None else "more than was seen"
    return f"95 % sure: {low} to {high}"
