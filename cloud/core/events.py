"""The events of a press. Pure: the time is given beside each event."""

from typing import NamedTuple

from presslight.contract.words import Outcome, Version


class Asked(NamedTuple):
    """The first frame with this key. Whether broker and light are there; `dated`: it has a deadline of its own.

    `new`: no bridge can have sent it before.
    """

    broker: bool
    light: bool
    dated: bool = True
    new: bool = True


class OnDisk(NamedTuple):
    """The stored press is on the disk: it survives a power cut."""


class AskedAgain(NamedTuple):
    """The same key and payload once more."""


class Published(NamedTuple):
    """The line took the set message; the event's time says when."""


class Acked(NamedTuple):
    """The broker's PUBACK."""


class Decided(NamedTuple):
    """A report of the light carries this key. `us`: how long the light took, set read → output changed."""

    outcome: Outcome
    version: Version
    us: int


class Heard(NamedTuple):
    """A report of the light in which this key is not decided. `missed`: answers were given that nobody here saw."""

    boot: str
    up: int
    missed: bool


class BoundPassed(NamedTuple):
    """The light's clock is proven to be past the deadline."""


class BootOver(NamedTuple):
    """The light has booted again since the boot that the deadline names."""


class LightForgotten(NamedTuple):
    """The light was forgotten: nobody can ask it any more."""


class Reborn(NamedTuple):
    """The light came back to the broker."""


class BrokerFound(NamedTuple):
    """The broker is there again (or for the first time since this bridge started)."""


Event = (
    Asked | OnDisk | AskedAgain | Published | Acked | Decided | Heard
    | BoundPassed | BootOver | LightForgotten | Reborn | BrokerFound
)  # fmt: skip
