"""The lights as the phone shows them. Pure. Times are ms on the phone's monotonic clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from presslight.contract.light import LightState, Power, Trait
from presslight.contract.phone import MAX_HAVE, ChangedBy, Clock, Have, View
from presslight.contract.words import Version
from presslight.mobile_sim.bound import Bound, best


@dataclass(frozen=True, slots=True)
class Change:
    """The cause of a light's version, as in `presslight.contract.phone.Change`. `at`: when, as far as is known."""

    by: ChangedBy
    phone: str | None
    at: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Light:
    """A light as shown; equal if it looks the same. `looks`: its attributes.

    `heard`: when the light itself was; `bound`: of its clock.
    `change`: None where no bridge has told. `shared`: two devices use its name, so it may act as either.
    """

    id: str
    online: bool
    looks: LightState
    traits: tuple[Trait, ...]
    version: Version
    change: Change | None
    shared: bool
    heard: float = field(compare=False)
    bound: Bound = field(compare=False)

    @property
    def state(self) -> Power:
        """`looks.state`."""
        return self.looks.state

    @property
    def brightness(self) -> int:
        """`looks.brightness`: 1-255."""
        return self.looks.brightness


def _change(view: View, known: Light | None, now: float) -> Change | None:
    """Keep the known cause of a version: another bridge may know less."""
    told = view.change
    before = known.change if known is not None and known.version == view.version else None
    if told is None or (before is not None and told.phone is None):
        return before
    return Change(told.by, told.phone, now - told.age_ms)


class Screen:
    """Shows what is newer, and knows since when it has heard nothing fresh.

    What it shows may be false: then the bridge begins a new line of versions, and what it tells of that is shown, of
    whatever version. On each link lines are counted anew, as each bridge counts its own.
    """

    def __init__(self, now: float) -> None:
        self._lights: dict[str, Light] = {}
        self._unnamed: set[str] = set()  # what this bridge has not spoken of
        self._lines: dict[str, int] = {}  # of this bridge, where any began after the first
        self._linked = False
        self._broker = False
        self._stale_since: float | None = now

    @property
    def lights(self) -> Mapping[str, Light]:
        """Every light known, by name."""
        return MappingProxyType(self._lights)

    @property
    def broker(self) -> bool:
        """Whether the bridge reached its broker when last heard."""
        return self._broker

    def greet(self, view: View, now: float) -> bool:
        """Take in what a new link's welcome says of a light, which may be behind. True if what is shown changed."""
        self._count_lines(view)
        return self.show(view, now)

    def show(self, view: View, now: float) -> bool:
        """Take in what the bridge says of a light. True if what is shown changed."""
        self._unnamed.discard(view.id)
        before = self._lights.get(view.id)
        known = None if self._count_lines(view) else before
        if known is not None and view.version < known.version:
            return known.online and not view.online and self._miss(known)
        bound = best(known.bound if known else None, Bound(view.boot, view.up, now))
        heard = max(now - view.age_ms, known.heard if known else 0)
        self._lights[view.id] = shown = Light(
            view.id, view.online, LightState(**view.attributes()), view.traits, view.version, _change(view, known, now),
            bool(view.shared), heard, bound,
        )  # fmt: skip
        return before != shown

    def _count_lines(self, told: View | Clock) -> bool:
        """Whether a line of versions has begun."""
        line = told.line or 0
        if line <= self._lines.get(told.id, 0):
            return False
        self._lines[told.id] = line
        return True

    def _miss(self, light: Light) -> bool:
        """Show a light as offline, also where the bridge knows an older version: it died before that was kept."""
        self._lights[light.id] = replace(light, online=False)
        return True

    def hear_clock(self, clock: Clock, now: float) -> bool:
        """Take in what the bridge says of the clock of a light that is shown already. True if it is of that boot."""
        self._unnamed.discard(clock.id)
        self._count_lines(clock)
        known = self._lights.get(clock.id)
        if known is None or known.bound.boot != clock.boot:
            return False
        bound = best(known.bound, Bound(clock.boot, clock.up, now))
        self._lights[clock.id] = replace(known, bound=bound, heard=max(known.heard, now - clock.age_ms))
        return True

    def take_away(self, name: str) -> None:
        """The light was forgotten: one of its name that comes later is another."""
        self._unnamed.discard(name)
        self._lines.pop(name, None)
        self._lights.pop(name, None)

    def link(self, up: bool, now: float) -> None:
        """The link to the bridge came, which speaks of every light that it knows then, or went."""
        self._linked = up
        self._unnamed = set(self._lights) if up else set()
        if up:
            self._lines.clear()
            self._lights.update((name, replace(light, shared=False)) for name, light in self._lights.items())
        self._judge(now)

    def broker_is(self, reached: bool, now: float) -> None:
        """The bridge lost or found its broker. A light that it has not spoken of by then is nowhere: offline."""
        self._broker = reached
        if reached:
            for name in self._unnamed:
                self._miss(self._lights[name])
            self._unnamed.clear()
        self._judge(now)

    def stale_ms(self, now: float) -> float:
        """For how long nothing shown could have been refreshed; 0 while all of it is fresh."""
        return 0 if self._stale_since is None else now - self._stale_since

    def have(self) -> dict[str, Have]:
        """Versions and presence of the lights shown, for the next hello."""
        newest = islice(reversed(self._lights.values()), MAX_HAVE)
        return {light.id: Have(version=light.version, online=light.online) for light in newest}

    def _judge(self, now: float) -> None:
        if self._linked and self._broker:
            self._stale_since = None
        elif self._stale_since is None:
            self._stale_since = now
