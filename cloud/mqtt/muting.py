"""Which lights are not listened to, since they send too much, and until when. Pure: times are ns on a monotonic clock.

Most brokers have no rate for a client. A bridge that reads all that one light floods it with reads what all others say
too late. So it has the broker send it nothing of that light: while one is muted, it subscribes to each light by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from presslight.contract.phone import MAX_LIGHTS
from presslight.contract.rate import Rates, cost_of
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES, AVAILABILITY, STATE

MESSAGES_PER_S = 500
"""Of one light; one larger than 1 KiB counts as one for each KiB begun. No light decides half as often."""

AT_ONCE = 1_000
"""What a light may have saved up: a bridge that stood still for seconds finds what was said meanwhile."""

AT_ONCE_AFTER = 100
"""The same of a light that was muted lately: where it still floods, that is known before anybody feels it."""

FIRST_NS = 10 * 10**9
"""How long a light is muted at first; each next time twice as long."""

LONGEST_NS = 300 * 10**9
GOOD_NS = 600 * 10**9
"""A light that kept within its rate for so long, after it was muted, is as any other."""


class Term(NamedTuple):
    """A light is muted until `until`, for `length` (ns); for the `times`th time."""

    until: int
    length: int
    times: int


class Muting:
    """Counts what lights say. `muted`: who is not listened to; `terms`: who is, or was lately."""

    def __init__(self) -> None:
        self.muted: set[str] = set()
        self.terms: dict[str, Term] = {}
        self._rates = Rates(MESSAGES_PER_S, AT_ONCE, MAX_LIGHTS)
        self._rates_after = Rates(MESSAGES_PER_S, AT_ONCE_AFTER, MAX_LIGHTS)
        self._heard: frozenset[str] | None = None

    def takes(self, name: str, size: int, now: int) -> bool:
        """Count a message of a light, of so many bytes. False: that is too much, and it is muted from now on."""
        rates = self._rates_after if name in self.terms else self._rates
        if rates.of(name, now).take(now, cost_of(size)):
            return True
        self._mute(name, now)
        return False

    def _mute(self, name: str, now: int) -> None:
        before = self.terms.pop(name, None)
        length = min(2 * before.length, LONGEST_NS) if before else FIRST_NS
        self.terms[name] = Term(now + length, length, before.times + 1 if before else 1)
        self.muted.add(name)
        if len(self.terms) > MAX_LIGHTS:
            first = next(iter(self.terms))
            del self.terms[first]
            self.muted.discard(first)

    def pardon(self, name: str) -> bool:
        """Listen to a light before its time. False: it was not muted."""
        was_muted = name in self.muted
        self.muted.discard(name)
        return was_muted

    def topics(self, known: Iterable[str]) -> tuple[str, ...]:
        """What to subscribe to, where so many lights are known: all lights, or all of these that are not muted."""
        if not self.muted:
            self._heard = None
            return ALL_STATES, ALL_AVAILABILITIES
        self._heard = frozenset(known) - self.muted
        return tuple(topic.format(light=name) for name in sorted(self._heard) for topic in (STATE, AVAILABILITY))

    def end_terms(self, now: int) -> None:
        """Listen again to lights whose time is over, and forget the terms of those that were good for long since."""
        for name, term in list(self.terms.items()):
            if now >= term.until:
                self.muted.discard(name)
            if now >= term.until + GOOD_NS:
                del self.terms[name]

    def wants_others(self, known: Iterable[str]) -> bool:
        """Whether other topics are wanted than when `topics` was last asked: a light came, or who is muted changed."""
        if self._heard is None:
            return bool(self.muted)
        if not self.muted:
            return True
        return not self.muted.isdisjoint(self._heard) or not self._heard.union(self.muted).issuperset(known)
