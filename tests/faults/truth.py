"""The judge: what really happened, by the light's own output and the moment of the finger. Believes no word of anybody.

Pure. Times are µs of CLOCK_MONOTONIC, which fingers, words and the lights' output lines all share. Each press of a
history wishes a brightness that its neighbours do not, so a change of the output tells which press acted.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from presslight.mobile_sim.events import PhoneStatus
from presslight.simulated.light_output import FULL_DUTY, LightOutput

TOLERANCE_US = 100_000
"""How far an output may change past finger + patience.

The phone's bound of the light's clock never runs ahead of it, and both clocks are this machine's, so there is no drift
to allow for; the light reads its clock in whole ms (1 ms). It reads it right before it changes its output, and between
those two (about 0.1 ms of work) this machine may take the processor away: a busy one for some tens of ms.
"""

WINDOW = 30
"""A light knows so many of the newest keys of an origin."""

STALE_US = 40_000_000
"""How long after a reboot of the light a phone may press for the boot before it: it hears of it with the next view."""

NEVER_ACTS = frozenset(
    {PhoneStatus.REFUSED, PhoneStatus.OFFLINE, PhoneStatus.NOT_APPLIED, PhoneStatus.NOT_SENT, PhoneStatus.REJECTED}
)


class Kind(StrEnum):
    """What can be wrong."""

    DOUBLE = "double"
    LATE = "late"
    DISORDER = "disorder"
    FALSE = "false"
    UNTOLD = "untold"
    """No last word, though the network is whole again."""
    STRANGE = "strange"
    """The output changed to what no finger wished."""


class Wrong(NamedTuple):
    """One thing that is wrong, in a sentence."""

    kind: Kind
    what: str


@dataclass(eq=False)
class Press:
    """A press as its hand knows it. `number` counts the presses of its phone; `is_lost`: its phone was killed
    before it could write the press down or tell its last word, so none is owed.
    """

    phone: str
    number: int
    light: str
    brightness: int
    finger_us: int
    patience_ms: int
    words: list[tuple[PhoneStatus, int]] = field(default_factory=list)
    key: str = ""
    is_lost: bool = False

    def hear(self, status: PhoneStatus, us: int) -> None:
        """The phone says this of it now."""
        if not self.words or self.words[-1][0] is not status:
            self.words.append((status, us))

    @property
    def status(self) -> PhoneStatus | None:
        """What the phone said last."""
        return self.words[-1][0] if self.words else None

    @property
    def is_told(self) -> bool:
        """Whether it has its last word."""
        return self.status is not None and self.status.final

    def __str__(self) -> str:
        words = ", ".join(f"{status} +{(us - self.finger_us) / 1000:.1f} ms" for status, us in self.words)
        return f"press {self.number} of {self.phone} on {self.light} for {self.brightness} ({words or 'no status'})"


class Act(NamedTuple):
    """The output became this bright (1-255, 0: dark) at `us`."""

    brightness: int
    us: int


class Trace:
    """What one light's output did: each change but the one of its boot, and when it booted."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.boots: list[int] = []
        self._us = 0

    def see(self, output: LightOutput) -> None:
        """Take in the next glow of the light."""
        if output.us not in (0, self._us):
            if self._us:
                self.acts.append(Act(brightness_of(output.duty), output.us))
            else:
                self.boots.append(output.us)
        self._us = output.us


@dataclass
class History:
    """Everything that was done and seen. `revoked`: phones that the bridge was told to turn away."""

    presses: list[Press] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=lambda: defaultdict(Trace))
    revoked: set[str] = field(default_factory=set)

    def press(self, phone: str, light: str, brightness: int, finger_us: int, patience_ms: int) -> Press:
        """Write a press down at the moment of the finger."""
        number = sum(press.phone == phone for press in self.presses) + 1
        self.presses.append(Press(phone, number, light, brightness, finger_us, patience_ms))
        return self.presses[-1]

    def acts(self) -> list[tuple[Press, list[Act]]]:
        """Each press with its acts."""
        owned: dict[Press | None, list[Act]] = defaultdict(list)
        for light, trace in self.traces.items():
            for act in trace.acts:
                owned[self._owner(light, act)].append(act)
        return [(press, owned[press]) for press in self.presses]

    def strange(self) -> Iterator[tuple[str, Act]]:
        """Every change of an output that no finger wished."""
        for light, trace in self.traces.items():
            for act in trace.acts:
                if self._owner(light, act) is None:
                    yield light, act

    def _owner(self, light: str, act: Act) -> Press | None:
        """The newest press so far that wished this."""
        wished = (
            p for p in self.presses if (p.light, p.brightness) == (light, act.brightness) and p.finger_us <= act.us
        )
        return max(wished, key=lambda press: press.finger_us, default=None)


def judge(history: History) -> list[Wrong]:
    """Everything that is wrong in this history."""
    acted = history.acts()
    wrongs = [Wrong(Kind.STRANGE, f"{light} became {act.brightness}") for light, act in history.strange()]
    for press, acts in acted:
        wrongs += _judge_acts(press, acts)
        wrongs += _judge_words(press, acts, history)
    return [*wrongs, *_judge_order(acted)]


def _judge_acts(press: Press, acts: list[Act]) -> Iterator[Wrong]:
    if len(acts) > 1:
        yield Wrong(Kind.DOUBLE, f"{press} acted {len(acts)} times")
    limit = press.finger_us + press.patience_ms * 1_000 + TOLERANCE_US
    for act in acts:
        if act.us > limit:
            yield Wrong(Kind.LATE, f"{press} acted {(act.us - press.finger_us) / 1_000:.1f} ms after the finger")


def _judge_words(press: Press, acts: list[Act], history: History) -> Iterator[Wrong]:
    if not press.is_told and not press.is_lost:
        yield Wrong(Kind.UNTOLD, str(press))
    for status, us in press.words:
        if status is PhoneStatus.APPLIED and not any(act.us <= us for act in acts):
            yield Wrong(Kind.FALSE, f"{press} had not acted when it was said")
        if status is PhoneStatus.UNCONFIRMED and any(act.us > us for act in acts):
            yield Wrong(Kind.FALSE, f"{press} acted when it was said to be too late")
        if status in NEVER_ACTS and acts:
            yield Wrong(Kind.FALSE, f"{press} acted")
        if not _may_say(status, press, us, history):
            yield Wrong(Kind.FALSE, f"{press}: there was no cause for {status}")


def _may_say(status: PhoneStatus, press: Press, us: int, history: History) -> bool:
    """Whether the words that leave it open have a cause: a reboot, a window that went past, a phone turned away."""
    if status is PhoneStatus.LOST_IN_REBOOT:
        reboots = history.traces[press.light].boots[1:]
        return any(press.finger_us - STALE_US < boot < us for boot in reboots)
    if status is PhoneStatus.FORGOTTEN:
        newer = [p for p in history.presses if p.phone == press.phone and p.number >= press.number + WINDOW]
        return bool(newer)
    return status is not PhoneStatus.UNKNOWN or press.phone in history.revoked


def _judge_order(acted: list[tuple[Press, list[Act]]]) -> Iterator[Wrong]:
    """No press of a phone lands after a newer one on the same light."""
    hands: dict[tuple[str, str], list[tuple[int, Press]]] = defaultdict(list)
    for press, acts in acted:
        hands[press.phone, press.light] += [(act.us, press) for act in acts]
    for landed in hands.values():
        for (_, first), (_, second) in pairwise(sorted(landed, key=lambda each: each[0])):
            if first.number > second.number:
                yield Wrong(Kind.DISORDER, f"{second} acted after {first}")


def duty_of(brightness: int) -> float:
    """The duty that a brightness should look like, by CIE 1931 lightness: the judge's own reckoning."""
    lightness = brightness / 255 * 100
    return FULL_DUTY * (lightness / 903.3 if lightness <= 8 else ((lightness + 16) / 116) ** 3)


_DUTIES = [duty_of(brightness) for brightness in range(256)]


def brightness_of(duty: int) -> int:
    """The brightness, 0-255, whose duty is nearest."""
    return min(range(256), key=lambda brightness: abs(_DUTIES[brightness] - duty))
