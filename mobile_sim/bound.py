"""A lower bound of a light's clock, and the deadlines made from it. Pure. Times are ms on the phone's clock."""

from dataclasses import dataclass

from presslight.contract.phone_rules import DRIFT, FALSE_CLOCK_MS
from presslight.contract.words import MAX_UP_MS, Moment


@dataclass(frozen=True, slots=True)
class Bound:
    """In boot `boot` the light's clock showed at least `up` when the phone's showed `heard`."""

    boot: str
    up: float
    heard: float

    def at(self, now: float) -> float:
        """Lower bound of the light's clock at `now`, in ms of its uptime, which may also lie before `heard`."""
        passed = now - self.heard
        return self.up + passed * (1 - DRIFT if passed >= 0 else 1 + DRIFT)


def best(known: Bound | None, new: Bound) -> Bound:
    """The better of two: of a later boot, or the one that proves more. `new` must not be of an earlier boot."""
    if known is None or known.boot != new.boot or new.up > known.at(new.heard):
        return new
    return known


def deadline(bound: Bound, pressed: float, patience_ms: int, latest: Moment | None) -> Moment:
    """The moment past which a press may not act. Never earlier than `latest`, the last one given to this light.

    Unless that was given on a clock that was false: a bridge takes nothing so far ahead of the bound. On one that was
    true, its press was made at most the longest patience before it, so what ends earlier than that has ended already.
    """
    up = max(0, int(bound.at(pressed))) + patience_ms
    if latest is not None and latest.boot == bound.boot and latest.up <= up + FALSE_CLOCK_MS:
        up = max(up, latest.up)
    return Moment(boot=bound.boot, up=min(up, MAX_UP_MS))


def lead(moment: Moment, bound: Bound, now: float) -> float:
    """How far the light's clock is at most from `moment`, which is of the same boot, in ms; below zero: past it."""
    return moment.up - bound.at(now)
