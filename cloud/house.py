"""The lights as they are: reports and availability folded in, the newest version wins. Pure: times are monotonic ns."""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeAlias

from cloud import drops
from cloud.bound import Bound
from cloud.errors import StoreUnavailable
from contract.mqtt import Availability, Report
from contract.phone import MAX_LIGHTS, Change, Clock, Have, View
from contract.words import MAX_UP_MS

_NS_PER_MS = 1_000_000
_BOOTS_KEPT = 8
_REFRESH_NS = 30 * 10**9
_SILENT_NS = 35 * 10**9  # more than three heartbeats, and longer than any report is under way
_ANSWERS_NS = 6 * 10**9  # as long as a broker takes to notice that a light is gone
_GAP_NS = 3 * 10**9  # the bridge stood still: what lights said meanwhile may still be unread
_BETTER_MS = 500


PhoneOf: TypeAlias = Callable[[str, str], str | None]
"""Names the phone whose press a key was, on a light (light, key); None: not known. Raises StoreUnavailable."""


class Kind(Enum):
    """What a report is to what was known."""

    NEWS = "news"
    STALE = "stale"
    """Of a boot that is over. Its outcomes are true all the same."""
    CROWDED = "crowded"
    """Of one light more than a house may have; nothing was taken in."""


class Folded(NamedTuple):
    """What a report changed. `missed`: answers were given that nobody saw.

    `began`: its boot was not known; `over`: the boot that ended with that, if one was known.
    `tell`: phones should hear, because something they show changed or the clock's bound is worth telling again.
    `dropped`: how many messages the light dropped in this boot, by cause, where that has reached 1, 10, 100 …
    """

    kind: Kind
    tell: bool = False
    missed: bool = False
    began: bool = False
    over: str | None = None
    dropped: tuple[tuple[str, int], ...] = ()


class Light:
    """One light. Its boots are kept for a while, so that an old report is known as such.

    `live`: it was heard itself in its present boot; before, what the broker had kept may be old, and the bound poor.
    """

    __slots__ = ("_boots", "_presser", "_told", "bound", "heard", "live", "online", "report")

    def __init__(self, report: Report, now: int, *, online: bool, live: bool) -> None:
        self.report = report
        self.online = online
        self.live = live
        self.bound = Bound(report.up, now)
        self.heard = now
        self._boots = deque([report.boot], maxlen=_BOOTS_KEPT)
        self._told = now
        self._presser: tuple[str, str | None] | None = None

    def fold(self, report: Report, now: int, *, live: bool) -> Folded:
        """Take in a further report. `live`: the light sent it now; the broker had not kept it."""
        if report.boot != self.report.boot:
            return self._reboot(report, now, live=live)
        missed = report.decided - self.report.decided > len(report.outcomes)
        rise = self.bound.hear(report.up, now)
        changed = report.version > self.report.version or (live and not (self.online and self.live))
        dropped = drops.news(self.report.dropped, report.dropped)
        self._take(report, live=live)
        self.heard = now
        tell = self._worth_telling(rise, now, changed=changed)
        return Folded(Kind.NEWS, tell=tell, missed=missed, dropped=dropped)

    def _begins(self, report: Report, now: int, *, live: bool) -> bool:
        """A boot is new if its epoch says so. Else a light with an emptied flash may speak, or an old report be late.

        It is the light if this boot was never seen, and the one before it is silent.
        """
        is_silent = now - self.heard >= _SILENT_NS
        return report.version[0] > self.report.version[0] or (live and is_silent and report.boot not in self._boots)

    def _reboot(self, report: Report, now: int, *, live: bool) -> Folded:
        if not self._begins(report, now, live=live):
            return Folded(Kind.STALE)
        over = self.report.boot
        self.report, self.bound, self.heard = report, Bound(report.up, now), now
        self.online, self.live = self.online or live, live
        self._boots.append(report.boot)
        self.told(now)
        return _begun(report, over)

    def _take(self, report: Report, *, live: bool) -> None:
        known = self.report
        if report.version >= known.version and report.decided >= known.decided and report.up >= known.up:
            self.report = report
        self.online, self.live = self.online or live, self.live or live

    def _worth_telling(self, rise: int, now: int, *, changed: bool) -> bool:
        worth = changed or rise >= _BETTER_MS or now - self._told >= _REFRESH_NS
        if worth:
            self.told(now)
        return worth

    def told(self, now: int) -> None:
        """Phones hear of this light now."""
        self._told = now

    def view(self, name: str, now: int, phone_of: PhoneOf) -> View:
        """The light as a phone shows it."""
        report = self.report
        return View(
            id=name,
            online=self.online,
            state=report.state,
            brightness=report.brightness,
            traits=report.traits,
            version=report.version,
            boot=report.boot,
            up=min(self.bound.at(now), MAX_UP_MS),
            age_ms=(now - self.heard) // _NS_PER_MS,
            change=self._change(name, now, phone_of),
        )

    def clock(self, name: str, now: int) -> Clock:
        """The light's clock alone."""
        up = min(self.bound.at(now), MAX_UP_MS)
        return Clock(id=name, boot=self.report.boot, up=up, age_ms=(now - self.heard) // _NS_PER_MS)

    def _change(self, name: str, now: int, phone_of: PhoneOf) -> Change | None:
        """What brought the light to this version. Of a light that was not heard itself nobody knows how long ago."""
        cause = self.report.cause
        if cause is None or not self.live:
            return None
        age = max(0, self.bound.at(now) - cause.up)
        if cause.by != "press":
            return Change(by=cause.by, age_ms=age)
        return Change(by="phone", phone=self._phone(name, cause.key, phone_of), age_ms=age)

    def _phone(self, name: str, key: str | None, phone_of: PhoneOf) -> str | None:
        """Whose press it was: looked up once, unless the store is away."""
        if key is None:
            return None
        if self._presser is None or self._presser[0] != key:
            try:
                self._presser = (key, phone_of(name, key))
            except StoreUnavailable:
                return None
        return self._presser[1]


class House:
    """All lights that were heard of, from their first report on until they are forgotten.

    `forgotten`: their names, the newest MAX_LIGHTS of them, so that a phone that comes back hears of it; each with the
    newest request (Unix ms) that it was forgotten for, 0 where nobody had asked. `found_at`: when (ns) the broker was
    last found.
    """

    def __init__(self, phone_of: PhoneOf) -> None:
        self._phone_of = phone_of
        self.lights: dict[str, Light] = {}
        self.forgotten: dict[str, int] = {}
        self._requests: dict[str, int] = {}
        self._recalled: set[str] = set()
        self._availability: dict[str, bool] = {}
        self._stands_offline: set[str] = set()
        self.found_at = self._since = self._asked = -_GAP_NS

    def fold_report(self, name: str, report: Report, now: int, *, live: bool) -> Folded:
        """Take in a report of the light `name`."""
        light = self.lights.get(name)
        if light is not None:
            return light.fold(report, now, live=live)
        if len(self.lights) >= MAX_LIGHTS:
            return Folded(Kind.CROWDED)
        online = live or self._availability.pop(name, False)
        self.lights[name] = Light(report, now, online=online, live=live)
        return _begun(report)

    def hear_claim(self, name: str, availability: Availability) -> None:
        """Note what stands on a light's availability topic."""
        if availability == "online":
            self._stands_offline.discard(name)
        elif len(self._stands_offline) < MAX_LIGHTS:
            self._stands_offline.add(name)

    def forget_claims(self) -> None:
        """The broker was lost: what stands there will be told anew."""
        self._stands_offline.clear()

    def stands_offline(self, name: str) -> bool:
        """Whether a light's availability topic says `offline`, as was heard on this connection to the broker."""
        return name in self._stands_offline

    def fold_availability(self, name: str, availability: Availability, now: int) -> bool:
        """Take in an availability of the light `name`. True if phones should hear."""
        online = availability == "online"
        light = self.lights.get(name)
        if light is None:
            if len(self._availability) < MAX_LIGHTS:
                self._availability[name] = online
            return False
        changed, light.online = light.online != online, online
        if changed:
            light.told(now)
        return changed

    def forget(self, name: str) -> None:
        """Know nothing of a light any more but that it was forgotten: one of its name may come, of any version."""
        self.lights.pop(name, None)
        self._availability.pop(name, None)
        self._stands_offline.discard(name)
        self._recalled.discard(name)
        self.forgotten.pop(name, None)
        self.forgotten[name] = self._requests.get(name, 0)
        if len(self.forgotten) > MAX_LIGHTS:
            del self.forgotten[next(iter(self.forgotten))]

    def hear_request(self, name: str, asked_at: int) -> bool:
        """Take in that a light was asked to be forgotten. Answers whether that is the newest request for it."""
        newest = max(asked_at, self._requests.get(name, 0))
        self._requests[name] = newest
        return asked_at == newest

    def recall(self, name: str) -> None:
        """Know that a light of this name was forgotten before this bridge started: another one may have it by now."""
        self.forget(name)
        self._recalled.add(name)

    def not_back(self, now: int) -> list[str]:
        """Answer, once, which recalled names the broker has not spoken of, though it had the time to do so."""
        if now - self.found_at < _ANSWERS_NS:
            return []
        names = [name for name in self.forgotten if name in self._recalled and name not in self.lights]
        self._recalled.clear()
        return names

    def knows(self, name: str) -> bool:
        """Whether a light of this name was heard of."""
        return name in self.lights or name in self._availability

    def is_gone(self, name: str) -> bool:
        """Whether it was forgotten, and no light of this name has reported since."""
        return name in self.forgotten and name not in self.lights and name not in self._recalled

    def gone_for(self, have: dict[str, Have]) -> tuple[str, ...]:
        """The forgotten lights that a phone may show, also where another one of that name lives."""
        return tuple(name for name in self.forgotten if self.is_gone(name) or self._is_other(name, have.get(name)))

    def _is_other(self, name: str, have: Have | None) -> bool:
        """Whether the phone shows the light that was forgotten: no light goes back in its versions."""
        light = self.lights.get(name)
        return have is not None and light is not None and have.version > light.report.version

    def found(self, now: int) -> None:
        """The broker was found, and every light is knocked at now."""
        self.found_at = self._since = self._asked = now

    def miss(self, now: int) -> list[str]:
        """Take each light that said nothing for too long for offline: the broker need not have seen it go.

        To be asked again and again while the broker delivers. Answers which lights that were.
        """
        if now - self._asked >= _GAP_NS:
            self._since = now
        self._asked = now
        silent = [name for name, light in self.lights.items() if light.online and self._is_silent(light, now)]
        for name in silent:
            self.fold_availability(name, "offline", now)
        return silent

    def _is_silent(self, light: Light, now: int) -> bool:
        limit = _ANSWERS_NS if light.heard < self.found_at else _SILENT_NS
        return now - max(light.heard, self._since) >= limit

    def news_for(self, have: dict[str, Have], now: int) -> tuple[View, ...]:
        """Every light that is newer than what a phone has."""
        gone = set(self.gone_for(have))
        news = (name for name, light in self.lights.items() if name in gone or not _shown(have.get(name), light))
        return tuple(self.view(name, now) for name in news)

    def view(self, name: str, now: int) -> View:
        """A light as phones show it."""
        return self.lights[name].view(name, now, self._phone_of)


def _begun(report: Report, over: str | None = None) -> Folded:
    dropped = drops.news(drops.NONE, report.dropped)
    return Folded(Kind.NEWS, tell=True, missed=True, began=True, over=over, dropped=dropped)


def _shown(have: Have | None, light: Light) -> bool:
    return have is not None and have.version >= light.report.version and have.online == light.online
