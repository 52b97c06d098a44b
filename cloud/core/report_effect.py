"""The effect of a report on what the bridge knows of its light. Pure."""

from enum import Enum
from typing import NamedTuple

from presslight.cloud.core import drops
from presslight.contract.mqtt import Report


class Kind(Enum):
    """How a report stands to what was known."""

    NEWS = "news"
    STALE = "stale"
    """Of a boot that is over, as far as is known. Its outcomes are true all the same."""
    CROWDED = "crowded"
    """Of one light more than a house may have; nothing was taken in."""


class ReportEffect(NamedTuple):
    """The changes by a report. `missed`: answers were given that nobody saw.

    `began`: its boot was not known; `over`: the boot that ended with that, if one was known.
    `tell`: phones should hear, because something they show changed or the clock's bound is worth telling again.
    `dropped`: how many messages the light dropped in this boot, by cause, where that has reached 1, 10, 100 …
    `doubt`: it contradicts what is known, so the light should be asked. `anew`: a line of versions began with it.
    `shared`: it is of a boot that had lost the light's name to another one, so two devices use that name.
    `degraded`: what of the light does not work as it should, by its own word, where that is news.
    """

    kind: Kind
    tell: bool = False
    missed: bool = False
    began: bool = False
    over: str | None = None
    dropped: tuple[tuple[str, int], ...] = ()
    doubt: bool = False
    anew: bool = False
    shared: bool = False
    degraded: str = ""


def begun(report: Report, over: str | None = None, *, anew: bool = False, shared: bool = False) -> ReportEffect:
    """A report was the first of its boot, or of a line of versions."""
    dropped = drops.news(drops.NONE, report.dropped)
    return ReportEffect(
        Kind.NEWS, tell=True, missed=True, began=True, over=over, dropped=dropped, anew=anew, shared=shared,
        degraded=report.degraded,
    )  # fmt: skip
