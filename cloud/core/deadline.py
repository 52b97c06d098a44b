"""Until when a press may act, on its light's clock. Pure: `now` is ns on this bridge's monotonic clock."""

from presslight.cloud.core.light import Light
from presslight.cloud.core.record import Ask
from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from presslight.contract.words import MAX_AHEAD_MS, MAX_PATIENCE_MS, MAX_UP_MS, Moment

LONGEST_AHEAD_MS = MAX_PATIENCE_MS + 10_000
"""The longest patience, and how much better a phone may know a light's clock: a report that is late by 5 s has lost its
link. A press takes a place in the light's table until its deadline: a far one would keep others out."""

QUIET_NS = (MAX_AHEAD_MS + 1_000) * 1_000_000
"""After this, no light takes the deadline of a press that was stored before."""

NEVER = Moment(boot="0" * 8, up=0)
"""A moment in no boot: what is to act until then never acts."""


def deadline(ask: Ask, light: Light | None, now: int) -> Moment:
    """The phone's own deadline, or one that is its patience past what is proven of the light's clock.

    A deadline for a boot that is not known here is the light's to judge. Raises Refusal(INVALID) if it lies further
    ahead than LONGEST_AHEAD_MS.
    """
    if light is None:
        return ask.not_after or NEVER
    bound, boot = light.bound.at(now), light.report.boot
    if ask.not_after is None:
        return Moment(boot=boot, up=min(bound + ask.patience_ms, MAX_UP_MS))
    if light.live and ask.not_after.boot == boot and ask.not_after.up > bound + LONGEST_AHEAD_MS:
        raise Refusal(ErrorCode.INVALID, "not_after is too far ahead")
    return ask.not_after
