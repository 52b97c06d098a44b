"""Per-light rate limit: a light that sends too much is muted for a while. Pure: times are ns on a monotonic clock.

Most brokers do not limit the rate of a client. A bridge that reads everything that one light floods it with reads the
messages of all others too late. So it has the broker send it nothing of that light: while any light is muted, the
bridge subscribes to the other lights by name.
"""

from collections.abc import Iterable
from typing import NamedTuple

from presslight.contract.phone import MAX_LIGHTS
from presslight.contract.rate import Rates, cost_of
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES, AVAILABILITY, STATE

MESSAGES_PER_S = 500
"""Rate of one light; a message over 1 KiB counts once for each KiB begun. No light decides half as many presses."""

BURST = 1_000
"""Messages that a light may have saved up: a bridge that was suspended for seconds reads what was sent meanwhile."""

BURST_AFTER_MUTE = 100
"""Burst of a light that was muted lately: where it still floods, that is known before anybody notices."""

FIRST_MUTE_NS = 10 * 10**9
"""Length of a light's first mute; each next one is twice as long, up to `MAX_MUTE_NS`."""

MAX_MUTE_NS = 300 * 10**9
FORGET_MUTE_NS = 600 * 10**9
"""A light that kept its rate for so long after a mute is treated as one that never was muted."""


class Mute(NamedTuple):
    """A light is muted until `until`, for `length` (ns); for the `times`th time."""

    until: int
    length: int
    times: int


class Muting:
    """Rates and mutes of all lights. `muted`: the lights muted now; `mutes`: theirs, and those that ended lately."""

    def __init__(self) -> None:
        self.muted: set[str] = set()
        self.mutes: dict[str, Mute] = {}
        self._rates = Rates(MESSAGES_PER_S, BURST, MAX_LIGHTS)
        self._rates_after_mute = Rates(MESSAGES_PER_S, BURST_AFTER_MUTE, MAX_LIGHTS)
        self._subscribed: frozenset[str] | None = None

    def accepts(self, name: str, size: int, now: int) -> bool:
        """Count a light's message of `size` bytes. Return False, and mute the light, if that exceeds its rate."""
        rates = self._rates_after_mute if name in self.mutes else self._rates
        if rates.of(name, now).take_tokens(now, cost_of(size)):
            return True
        self._mute(name, now)
        return False

    def _mute(self, name: str, now: int) -> None:
        before = self.mutes.pop(name, None)
        length = min(2 * before.length, MAX_MUTE_NS) if before else FIRST_MUTE_NS
        self.mutes[name] = Mute(now + length, length, before.times + 1 if before else 1)
        self.muted.add(name)
        if len(self.mutes) > MAX_LIGHTS:
            first = next(iter(self.mutes))
            del self.mutes[first]
            self.muted.discard(first)

    def unmute(self, name: str) -> bool:
        """End a light's mute before its time. Return whether it was muted."""
        was_muted = name in self.muted
        self.muted.discard(name)
        return was_muted

    def topics(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the topics to subscribe to: of all lights by wildcard, or by name of the known ones not muted."""
        if not self.muted:
            self._subscribed = None
            return ALL_STATES, ALL_AVAILABILITIES
        self._subscribed = frozenset(known) - self.muted
        return tuple(topic.format(light=name) for name in sorted(self._subscribed) for topic in (STATE, AVAILABILITY))

    def end_mutes(self, now: int) -> None:
        """End the mutes whose time is over. Forget those of lights that have kept their rate for `FORGET_MUTE_NS`."""
        for name, mute in list(self.mutes.items()):
            if now >= mute.until:
                self.muted.discard(name)
            if now >= mute.until + FORGET_MUTE_NS:
                del self.mutes[name]

    def has_new_topics(self, known: Iterable[str]) -> bool:
        """Whether `topics` would return others than last time: a light is new, or other lights are muted."""
        if self._subscribed is None:
            return bool(self.muted)
        if not self.muted:
            return True
        return not self.muted.isdisjoint(self._subscribed) or not self._subscribed.union(self.muted).issuperset(known)
