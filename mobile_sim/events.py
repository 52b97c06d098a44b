"""Events and actions of a press, and the words in which a phone tells of it. Times are ms on the phone's clock."""

from dataclasses import dataclass
from enum import StrEnum

from presslight.contract.words import PressStatus


class PhoneStatus(StrEnum):
    """Status of a press on the phone: the bridge's (`PressStatus` of contract/words.py) and a few of its own."""

    WAITING = "waiting"
    """There is no link; it is sent if one comes in time."""
    PENDING = "pending"
    RETRYING = "retrying"
    """The bridge could not take it now; it is sent again in time."""
    ACCEPTED = "accepted"
    UNCONFIRMED = "unconfirmed"
    APPLIED = "applied"
    REFUSED = "refused"
    OFFLINE = "offline"
    NOT_APPLIED = "not_applied"
    LOST_IN_REBOOT = "lost_in_reboot"
    FORGOTTEN = "forgotten"
    """The light cannot tell any more whether it acted: show it as it is."""
    NOT_SENT = "not_sent"
    """It never left the phone, and never will."""
    REJECTED = "rejected"
    """The bridge answered every copy with an error, so it did not act and never will."""
    UNKNOWN = "unknown"
    """Bridges refuse to tell what came of it, past the deadline, again and again: show the light as it is."""

    @property
    def final(self) -> bool:
        """True for a last word: nothing later contradicts it."""
        return self not in _PASSING


_PASSING = frozenset(
    {PhoneStatus.WAITING, PhoneStatus.PENDING, PhoneStatus.RETRYING, PhoneStatus.ACCEPTED, PhoneStatus.UNCONFIRMED}
)


@dataclass(frozen=True, slots=True)
class Pressed:
    """The finger came down. `rtt_ms`: of the link, None while there is none."""

    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The bridge said welcome."""

    rtt_ms: float


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The socket is gone, and with it every answer that was under way."""


@dataclass(frozen=True, slots=True)
class OutcomeHeard:
    """The bridge's word on this key."""

    status: PressStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorHeard:
    """The bridge did not take a copy of this press."""

    code: str
    retry: bool


@dataclass(frozen=True, slots=True)
class DeadlineNear:
    """The light's clock will have passed the deadline `ms` from now, as far as is proven; 0: it has."""

    ms: float


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened but time."""


Event = Pressed | LinkUp | LinkDown | OutcomeHeard | ErrorHeard | DeadlineNear | TimePassed


@dataclass(frozen=True, slots=True)
class Store:
    """Keep key and payload, before anything else is done."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the press, always with the same payload. `hedge`: rather on another path than the copies before."""

    age_ms: int
    hedge: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the person."""

    status: PhoneStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TellShown:
    """Tell the bridge how long finger → `applied` took."""

    ms: int


@dataclass(frozen=True, slots=True)
class Forget:
    """The store need not keep this press any more."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Send `TimePassed` at this time; None: not needed. The newest counts."""

    at: float | None


Action = Store | Send | Say | TellShown | Forget | Wake
