"""One light as it is. The newest version of its reports wins, unless the light itself proves that one false.

Pure: times are monotonic ns. A report is newer if its boot's epoch is, or in the same boot its version. What was heard
may be false all the same: of somebody else who used the light's name, of a defect, or of a light whose flash was
emptied. Then the light goes on reporting what looks older. It is asked (`pending_probe`), and an answer that is older
than what was known before the question refutes that: a new line of versions begins with it.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from presslight.cloud.core import drops
from presslight.cloud.core.bound import Bound
from presslight.cloud.core.pending_probe import PendingProbe
from presslight.cloud.core.report_effect import Kind, ReportEffect, begun
from presslight.cloud.core.shown_versions import ShownVersions
from presslight.cloud.errors import StoreUnavailable
from presslight.contract.mqtt import Report
from presslight.contract.phone import Change, Clock, View
from presslight.contract.words import MAX_UP_MS, Version

_NS_PER_MS = 1_000_000
_BOOTS_KEPT = 8
_REFRESH_NS = 30 * 10**9
_BETTER_MS = 500
_LATE_MS = 2_000  # a report that lags so far behind the bound was long under way, or the bound is false
_SHARED_NS = 60 * 10**9  # two devices that take the name from each other do so more often: a link is up again in 30 s


PhoneOf: TypeAlias = Callable[[str, str], str | None]
"""Names the phone whose press a key was, on a light (light, key); None: not known. Raises StoreUnavailable."""


class Light:
    """One light. Its boots are kept for a while, so that one that comes back is known as such.

    `live`: it was heard itself in its present boot; before, what the broker had kept may be old, and the bound poor.
    `line`: how many lines of versions began after the first. `swaps`: how often a boot took the name back that had lost
    it to another; `shared`: whether that was lately.
    """

    __slots__ = (
        "_boots",
        "_presser",
        "_shared_until",
        "_told",
        "bound",
        "heard",
        "line",
        "live",
        "online",
        "pending_probe",
        "report",
        "shown_versions",
        "swaps",
    )  # fmt: skip

    def __init__(self, report: Report, now: int, *, online: bool, live: bool) -> None:
        self.report = report
        self.online = online
        self.live = live
        self.bound = Bound(report.up, now)
        self.heard = now
        self.line = 0
        self.swaps = 0
        self.pending_probe = PendingProbe()
        self.shown_versions = ShownVersions()
        self._boots = deque([report.boot], maxlen=_BOOTS_KEPT)
        self._shared_until: int | None = None
        self._told = now
        self._presser: tuple[str, str | None] | None = None

    @property
    def shared(self) -> bool:
        """Whether two devices use its name, as far as was heard lately."""
        return self._shared_until is not None

    def on_report(self, report: Report, now: int, *, live: bool) -> ReportEffect:
        """Take in a further report. `live`: the light sent it now; the broker had not kept it."""
        proven = live and self.pending_probe.is_answered_in(report)
        if proven and not self._follows(report):
            return self._begin_line(report, now)
        is_late = live and self._is_late(report, now)
        same = report.boot == self.report.boot
        effect = self._go_on(report, now, live=live) if same else self._reboot(report, now, live=live)
        self.shown_versions.on_version(self.report.version)
        if proven and self.shown_versions.refute(now):
            self.line += 1
            self.told(now)
            effect = effect._replace(tell=True, anew=True)
        return effect._replace(doubt=True) if is_late or (live and self.shown_versions.is_due(now)) else effect

    def claim(self, version: Version, now: int) -> bool:
        """A phone shows this version. Answers whether that is newer than what is known here, and is to be judged."""
        if version <= self.report.version:
            return False
        self.shown_versions.on_shown(version)
        return self.shown_versions.is_due(now)

    def begin_probe(self, key: str, now: int) -> None:
        """The light is asked now what it is, with a key that was never used."""
        self.pending_probe.begin(key, now)
        self.shown_versions.on_probe(now)

    def _follows(self, report: Report) -> bool:
        """Whether the answer to the newest question is as new as what was known when that was asked."""
        if report.boot != self.report.boot:
            return self._begins(report)
        asked_at = self.pending_probe.asked_at
        return self._is_newest(report) and (asked_at is None or report.up >= self.bound.at(asked_at))

    def _is_late(self, report: Report, now: int) -> bool:
        """Whether a report looks older than what is known."""
        if report.boot != self.report.boot:
            return not self._begins(report)
        return not self._is_newest(report) or report.up < self.bound.at(now) - _LATE_MS

    def _begins(self, report: Report) -> bool:
        """Whether a boot is newer by its epoch."""
        return report.version[0] > self.report.version[0]

    def _is_newest(self, report: Report) -> bool:
        """Whether nothing newer is known of the same boot."""
        known = self.report
        return report.version >= known.version and report.decided >= known.decided and report.up >= known.up

    def _go_on(self, report: Report, now: int, *, live: bool) -> ReportEffect:
        missed = report.decided - self.report.decided > len(report.outcomes)
        rise = self.bound.observe(report.up, now) if self._is_newest(report) else 0
        changed = report.version > self.report.version or (live and not (self.online and self.live))
        dropped = drops.news(self.report.dropped, report.dropped)
        was = self.report.degraded
        self._apply_report(report, live=live)
        degraded = self.report.degraded
        self.heard = now
        tell = self._worth_telling(rise, now, changed=changed or degraded != was)
        news = degraded if degraded != was else ""
        return ReportEffect(Kind.NEWS, tell=tell, missed=missed, dropped=dropped, degraded=news)

    def _apply_report(self, report: Report, *, live: bool) -> None:
        if self._is_newest(report):
            self.report = report
            self.pending_probe.drop()
        self.online, self.live = self.online or live, self.live or live

    def _reboot(self, report: Report, now: int, *, live: bool) -> ReportEffect:
        if not self._begins(report):
            return ReportEffect(Kind.STALE)
        over = self.report.boot
        shared = self._start(report, now, live=live)
        return begun(report, over, shared=shared)

    def _begin_line(self, report: Report, now: int) -> ReportEffect:
        """Believe the light, which has proven that what was known is false."""
        over = None if report.boot == self.report.boot else self.report.boot
        shared = self._start(report, now, live=True)
        self.line += 1
        self.shown_versions.refute(now)
        return begun(report, over, anew=True, shared=shared)

    def _start(self, report: Report, now: int, *, live: bool) -> bool:
        """Know the light by this report alone. Answers whether its boot took the name back."""
        is_back = live and report.boot != self.report.boot and report.boot in self._boots
        if is_back:
            self.swaps += 1
            self._shared_until = now + _SHARED_NS
        if report.boot not in self._boots:
            self._boots.append(report.boot)
        self.report, self.bound, self.heard = report, Bound(report.up, now), now
        self.online, self.live = self.online or live, live
        self.pending_probe.drop()
        self.told(now)
        return is_back

    def part(self, now: int) -> bool:
        """Take the name for one device's again, where only one was heard for a while. True if that is news."""
        is_over = self._shared_until is not None and now >= self._shared_until
        if is_over:
            self._shared_until = None
            self.told(now)
        return is_over

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
            **report.attributes(),
            id=name,
            online=self.online,
            traits=report.traits,
            version=report.version,
            boot=report.boot,
            up=min(self.bound.at(now), MAX_UP_MS),
            age_ms=(now - self.heard) // _NS_PER_MS,
            change=self._change(name, now, phone_of),
            line=self.line or None,
            shared=self.shared or None,
            degraded=bool(report.degraded) or None,
        )

    def clock(self, name: str, now: int) -> Clock:
        """The light's clock alone."""
        up = min(self.bound.at(now), MAX_UP_MS)
        age_ms = (now - self.heard) // _NS_PER_MS
        return Clock(id=name, boot=self.report.boot, up=up, age_ms=age_ms, line=self.line or None)

    def _change(self, name: str, now: int, phone_of: PhoneOf) -> Change | None:
        """The cause of this version of the light. Its age is known only of a light that has reported itself."""
        cause = self.report.cause
        if cause is None or not self.live:
            return None
        age = max(0, self.bound.at(now) - cause.up)
        if cause.by != "press":
            return Change(by=cause.by, age_ms=age)
        return Change(by="phone", phone=self._phone(name, cause.key, phone_of), age_ms=age)

    def _phone(self, name: str, key: str | None, phone_of: PhoneOf) -> str | None:
        """The phone whose press it was: looked up once, unless the store is away."""
        if key is None:
            return None
        if self._presser is None or self._presser[0] != key:
            try:
                self._presser = (key, phone_of(name, key))
            except StoreUnavailable:
                return None
        return self._presser[1]
