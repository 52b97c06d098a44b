"""The judge: knows what truly happened, believes nobody, and says which promise was broken.

It takes notes of every press, every change of an output and every word, and judges each against all the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from presslight.contract.phone import Change
from presslight.contract.words import MAX_DRIFT_PPM
from tests.world.event_queue import MS

NEVER = frozenset({"refused", "offline", "not_applied", "not_sent", "rejected"})
"""Words that say: it has not acted and never will."""

TOO_LATE = "unconfirmed"
"""The word that says: it cannot act from now on."""

LOST = frozenset({"lost_in_reboot", "forgotten", "unknown"})
"""Words that say: whether it acted cannot be told. Each needs its cause."""

_ROUNDING = 3 * MS
_NOBODY_SEES = 100 * MS
"""An age that is off by so little is true to whoever reads it."""


class Broken(AssertionError):
    """A promise was broken."""


@dataclass
class Fact:
    """One press as it truly was. `limit`: the last true moment at which it may act."""

    key: str
    hand: tuple[str, str]
    number: int
    limit: int
    boot: str
    phone: str
    acted: int = 0
    dead: str = ""
    refusals: int = 0
    excused: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)


class Judge:
    """Judges one world. `now`: true time (ns); `note`: writes a line of the timeline, where one is wanted."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.facts: dict[str, Fact] = {}
        self.owed: dict[str, str] = {}
        """The presses that still need a last word, and the phone that owes it."""
        self._asked: dict[str, tuple[str, int, int | None]] = {}
        self._named: dict[str, Fact] = {}
        self._limits: dict[tuple[str, str], int] = {}
        self._newest: dict[tuple[tuple[str, str], str], int] = {}
        self._shown: dict[tuple[str, str], tuple[int, int]] = {}
        self._visited: set[str] = set()
        self._causes: dict[tuple[str, tuple[int, int]], tuple[str, str | None, int]] = {}

    def pressed(self, phone: str, light: str, key: str, patience_ms: int, boot: str) -> None:
        """A finger came down now. A later press of a hand may act at least as long as the earlier ones."""
        origin, _, number = key.partition("-")
        hand = (origin, light)
        limit = max(self._now() + _most(patience_ms), self._limits.get(hand, 0))
        self._limits[hand] = limit
        self.facts[key] = Fact(key, hand, int(number), limit, boot, phone)
        self.owed[key] = phone

    def asked(self, text: str, phone: str, patience_ms: int, *, dated: bool) -> None:
        """A program asks under a text now. `dated`: its patience counts from now, not from when it is stored."""
        self._asked[text] = (phone, patience_ms, self._now() if dated else None)
        self.owed[text] = phone

    def named(self, text: str, key: str, light: str, boot: str) -> None:
        """The text stands for this key now. For another one than before, too, it is the same press."""
        phone, patience_ms, asked_at = self._asked[text]
        origin, _, number = key.partition("-")
        limit = (self._now() if asked_at is None else asked_at) + _most(patience_ms)
        fact = self._named.setdefault(text, Fact(key, (origin, light), int(number), limit, boot, phone))
        fact.key, fact.hand, fact.number, fact.limit, fact.boot = key, (origin, light), int(number), limit, boot
        self.facts[key] = fact

    def gave_up(self, text: str) -> None:
        """A program was refused, for good, what no bridge knows of: nobody owes it a word."""
        self.owed.pop(text)

    def never_made(self, key: str) -> None:
        """The phone died while it wrote the press down: it was never sent, and nobody remembers it."""
        self.owed.pop(key)
        self.facts[key].dead = "never sent"

    def acted(self, key: str, device: str = "") -> None:
        """A light's output obeyed this key now. `device`: which, where another one uses its name, too."""
        fact = self.facts[key]
        fact.acted += 1
        if fact.acted > 1:
            raise Broken(f"double: {key} acted again")
        if fact.dead:
            raise Broken(f"false: {key} acted after {fact.dead}")
        if self._now() > fact.limit:
            raise Broken(f"late: {key} acted {(self._now() - fact.limit) // MS} ms after its deadline")
        if fact.number < self._newest.get((fact.hand, device), 0):
            raise Broken(f"misordered: {key} acted after a newer press of the same hand")
        self._newest[fact.hand, device] = fact.number

    def said(self, key: str, status: str, who: str, why: str = "") -> None:
        """Somebody says a word on a press. `why`: what is known to excuse a word of LOST; empty: nothing."""
        fact = self.facts.get(key)
        if fact is None:
            return
        fact.words.append(f"{who}: {status}")
        if status == "applied" and not fact.acted:
            raise Broken(f"false: {who} says applied of {key}, which has not acted")
        if status in NEVER:
            if fact.acted:
                raise Broken(f"false: {who} says {status} of {key}, which acted")
            fact.dead = f"{who} said {status}"
        elif status == TOO_LATE and not fact.acted:
            fact.dead = f"{who} said {status}"
        elif status in LOST:
            if not why and status not in fact.excused:
                raise Broken(f"false: {who} says {status} of {key}, without a cause")
            fact.excused.add(status)

    def refused_to_tell(self, key: str | None) -> None:
        """A bridge answered an error that no retry mends."""
        fact = self.facts.get(key or "")
        if fact is not None:
            fact.refusals += 1

    def last_word(self, key: str, phone: str) -> None:
        """The phone that pressed said its last word."""
        if self.owed.pop(key, None) is None and key in self.facts:
            raise Broken(f"false: {phone} says a second last word on {key}")

    def acted_on(self, key: str, wanted: object, was: tuple[int, int]) -> None:
        """The version that the light had when it acted, and the one that the press asked for."""
        if wanted not in (None, was):
            raise Broken(f"unseen: {key} acted on version {was}, and was meant for {wanted}")

    def changed(self, light: str, cause: str) -> None:
        """A light's output changed for this cause."""
        if not cause:
            raise Broken(f"ghost: {light} changed though nobody wished it now")

    def became(self, light: str, version: tuple[int, int], by: str, key: str = "") -> None:
        """A light came to this version now: by the press `key`, or by what `by` says."""
        phone = self.facts[key].phone if by == "phone" else None
        self._causes[light, version] = (by, phone, self._now())

    def told_of(self, light: str, version: tuple[int, int], change: Change | None) -> None:
        """A phone is told what brought a light to this version, and how long ago, or nothing, or without a name."""
        if change is None:
            return
        by, phone, at = self._causes[light, version]
        if change.by != by or change.phone not in (phone, None):
            raise Broken(f"misnamed: {change.by} {change.phone} is said to have changed {light}, it was {by} {phone}")
        age = self._now() - at
        if change.age_ms * MS > age + _NOBODY_SEES:
            raise Broken(f"misnamed: {light} changed {age // MS} ms ago, not {change.age_ms}")

    def shows(self, phone: str, light: str, version: tuple[int, int]) -> None:
        """A phone shows a light in this version."""
        before = self._shown.get((phone, light), version)
        if version < before and light not in self._visited:
            raise Broken(f"stale: {phone} shows {light} at {version} after {before}")
        self._shown[phone, light] = version

    def visited(self, light: str) -> None:
        """Somebody else has used the light's name: what phones show may have been false, and goes back then."""
        self._visited.add(light)

    def was_visited(self, light: str) -> bool:
        """Whether somebody else has used the light's name."""
        return light in self._visited

    def began_anew(self, light: str) -> None:
        """A bridge says that what it knew of a light was false."""
        if light not in self._visited:
            raise Broken(f"anew: {light} never said anything false")

    def forgot(self, light: str) -> None:
        """Somebody forgets a light: nobody can tell any more what came of presses on it."""
        for fact in self.facts.values():
            if fact.hand[1] == light:
                fact.excused.add("forgotten")

    def took_away(self, phone: str, light: str) -> None:
        """A phone shows a light no more; the next one of its name may be of any version."""
        self._shown.pop((phone, light), None)

    def reopened(self, phone: str) -> None:
        """A phone's screen is empty again."""
        for shown in [pair for pair in self._shown if pair[0] == phone]:
            del self._shown[shown]

    def require(self, holds: bool, what: str) -> None:
        """Something must hold now."""
        if not holds:
            raise Broken(what)


def _most(patience_ms: int) -> int:
    """So long (ns) a press of this patience may act at most."""
    return patience_ms * MS * (1_000_000 + MAX_DRIFT_PPM) // 1_000_000 + _ROUNDING
