"""All lights that were heard of, forgotten ones too. Pure: times are monotonic ns."""

from presslight.cloud.core import probe
from presslight.cloud.core.light import Light, PhoneOf
from presslight.cloud.core.report_effect import Kind, ReportEffect, begun
from presslight.contract.mqtt import Availability, Report
from presslight.contract.phone import MAX_LIGHTS, Have, View
from presslight.contract.words import Version

_SILENT_NS = 35 * 10**9  # more than three heartbeats
_ANSWERS_NS = 6 * 10**9  # as long as a broker takes to notice that a light is gone
_GAP_NS = 3 * 10**9  # the bridge stood still: what lights said meanwhile may still be unread


class Lights:
    """All lights that were heard of, from their first report on until they are forgotten.

    `forgotten`: their names, the newest MAX_LIGHTS of them, so that a phone that comes back hears of it; each with the
    newest request (Unix ms) that it was forgotten for, 0 where nobody had asked. `found_at`: when (ns) the broker was
    last found. `asks_as`: the origin of the questions to lights (64 bits in hex), which no other house uses.
    """

    def __init__(self, phone_of: PhoneOf, asks_as: str) -> None:
        self._phone_of = phone_of
        self._asks_as = asks_as
        self._asked_so_often = 0
        self._shown_versions: dict[str, Version] = {}
        self.by_name: dict[str, Light] = {}
        self.forgotten: dict[str, int] = {}
        self._requests: dict[str, int] = {}
        self._recalled: set[str] = set()
        self._availability: dict[str, bool] = {}
        self._stands_offline: set[str] = set()
        self.found_at = self._since = self._asked = -_GAP_NS

    def on_report(self, name: str, report: Report, now: int, *, live: bool) -> ReportEffect:
        """Take in a report of the light `name`."""
        light = self.by_name.get(name)
        if light is not None:
            return light.on_report(report, now, live=live)
        if len(self.by_name) >= MAX_LIGHTS:
            return ReportEffect(Kind.CROWDED)
        online = live or self._availability.pop(name, False)
        self.by_name[name] = light = Light(report, now, online=online, live=live)
        doubt = name in self._shown_versions and light.claim(self._shown_versions.pop(name), now)
        return begun(report)._replace(doubt=doubt and live)

    def on_shown_versions(self, have: dict[str, Have], now: int) -> list[str]:
        """Hear what a phone shows. Answers the lights of which it shows what is newer than what is known here.

        Another bridge told it so, and may have been wrong.
        """
        doubtful = []
        for name, shown in have.items():
            light = self.by_name.get(name)
            if light is None:
                self._shown_versions[name] = max(shown.version, self._shown_versions.pop(name, shown.version))
                if len(self._shown_versions) > MAX_LIGHTS:
                    del self._shown_versions[next(iter(self._shown_versions))]
            elif light.claim(shown.version, now):
                doubtful.append(name)
        return doubtful

    def question(self, name: str, now: int) -> bytes:
        """The set message that has a light report, and shows by its answer what is as new as that. To be sent now."""
        light = self.by_name[name]
        self._asked_so_often += 1
        key = f"{self._asks_as}-{self._asked_so_often}"
        light.begin_probe(key, now)
        return probe.message(light.report, key)

    def to_ask(self, now: int) -> list[str]:
        """The lights that should be asked, and were not when that was found, as they had been just before."""
        lights = self.by_name.items()
        return [name for name, light in lights if light.pending_probe.wanted or light.shown_versions.is_due(now)]

    def part(self, now: int) -> list[str]:
        """The lights whose name two devices use no longer. To be asked again and again."""
        return [name for name, light in self.by_name.items() if light.part(now)]

    def on_claim(self, name: str, availability: Availability) -> None:
        """Note what stands on a light's availability topic."""
        if availability == "online":
            self._stands_offline.discard(name)
        elif len(self._stands_offline) < MAX_LIGHTS:
            self._stands_offline.add(name)

    def forget_shown_versions(self) -> None:
        """The broker was lost: what stands there will be told anew."""
        self._stands_offline.clear()

    def stands_offline(self, name: str) -> bool:
        """Whether a light's availability topic says `offline`, as was heard on this connection to the broker."""
        return name in self._stands_offline

    def on_availability(self, name: str, availability: Availability, now: int) -> bool:
        """Take in an availability of the light `name`. True if phones should hear."""
        online = availability == "online"
        light = self.by_name.get(name)
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
        self.by_name.pop(name, None)
        self._availability.pop(name, None)
        self._stands_offline.discard(name)
        self._recalled.discard(name)
        self.forgotten.pop(name, None)
        self.forgotten[name] = self._requests.get(name, 0)
        if len(self.forgotten) > MAX_LIGHTS:
            del self.forgotten[next(iter(self.forgotten))]

    def on_forget_request(self, name: str, asked_at: int) -> bool:
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
        names = [name for name in self.forgotten if name in self._recalled and name not in self.by_name]
        self._recalled.clear()
        return names

    def names(self) -> set[str]:
        """Whoever was heard of."""
        return {*self.by_name, *self._availability}

    def knows(self, name: str) -> bool:
        """Whether a light of this name was heard of."""
        return name in self.by_name or name in self._availability

    def is_gone(self, name: str) -> bool:
        """Whether it was forgotten, and no light of this name has reported since."""
        return name in self.forgotten and name not in self.by_name and name not in self._recalled

    def gone_for(self, have: dict[str, Have]) -> tuple[str, ...]:
        """The forgotten lights that a phone may show, also where another one of that name lives."""
        return tuple(name for name in self.forgotten if self.is_gone(name) or self._is_other(name, have.get(name)))

    def _is_other(self, name: str, have: Have | None) -> bool:
        """Whether the phone shows the light that was forgotten: no light goes back in its versions."""
        light = self.by_name.get(name)
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
        silent = [name for name, light in self.by_name.items() if light.online and self._is_silent(light, now)]
        for name in silent:
            self.on_availability(name, "offline", now)
        return silent

    def _is_silent(self, light: Light, now: int) -> bool:
        limit = _ANSWERS_NS if light.heard < self.found_at else _SILENT_NS
        return now - max(light.heard, self._since) >= limit

    def news_for(self, have: dict[str, Have], now: int) -> tuple[View, ...]:
        """Every light that is newer than what a phone has."""
        gone = set(self.gone_for(have))
        news = (name for name, light in self.by_name.items() if name in gone or not _shown(have.get(name), light))
        return tuple(self.view(name, now) for name in news)

    def view(self, name: str, now: int) -> View:
        """A light as phones show it."""
        return self.by_name[name].view(name, now, self._phone_of)


def _shown(have: Have | None, light: Light) -> bool:
    if have is None or light.shared:
        return False
    return have.version >= light.report.version and have.online == light.online
