"""The desk: presses come in, words go out. It holds the open presses and the house, and tells the parts what to do.

Pure: times are ns on a monotonic clock; store, line to the broker, phones and measurements are ports. Everything that a
press does is decided by `press`, everything that a light shows by `house`.
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple, Protocol

from cloud.errors import KnownAlready, Refusal
from cloud.house import Folded, House, Kind, Light
from cloud.legs import Stamps
from cloud.press import (
    Acked,
    Asked,
    AskedAgain,
    BootOver,
    BoundPassed,
    BrokerFound,
    Decided,
    Do,
    Event,
    Heard,
    Order,
    Press,
    Published,
    Reborn,
    Record,
    State,
)
from contract.errors import ErrorCode
from contract.mqtt import Availability, Report, SetCommand, encode_set
from contract.phone import LightChanged, PressOutcome, Status, Wish, encode
from contract.words import DEFAULT_PATIENCE_MS, MAX_PATIENCE_MS, MAX_UP_MS, Moment, Version

PACE_NS = 50_000_000
"""A light that changes faster than this is shown at this pace, the newest change always."""

KNOCK = f"{'0' * 16}-1"
"""The key that a light is asked with for a report."""


class Ask(NamedTuple):
    """A press as a phone asked for it. `before_us`: what had passed since the finger when its frame came in."""

    key: str
    light: str
    phone: str
    set: Wish
    if_ver: Version | None = None
    not_after: Moment | None = None
    patience_ms: int = DEFAULT_PATIENCE_MS
    before_us: int = 0

    def payload(self) -> str:
        """What makes another ask with the same key the same press."""
        moment = f"{self.not_after.boot}/{self.not_after.up}" if self.not_after else "-"
        wish = f"{self.set.state}/{self.set.brightness or '-'}"
        return f"{self.light} {wish} {self.if_ver or '-'} {moment}"


class Watcher(Protocol):
    """Who asked for a press and hears its words."""

    def hear(self, outcome: PressOutcome, text: str) -> None:
        """Take a word: as it is, and as the frame made of it once for all."""


class Ledger(Protocol):
    """The store. Each raises StoreUnavailable, but `close`, which keeps what it could not write."""

    def admit(self, record: Record) -> None:
        """Store a new press. Raises KnownAlready; Refusal(FORBIDDEN) if the key's origin is another phone's."""

    def close(self, record: Record) -> None:
        """Store a last word."""

    def find(self, key: str) -> Record | None:
        """What is stored of a press."""

    def open_presses(self) -> list[Record]:
        """The presses without a last word."""


class Line(Protocol):
    """The line to the broker."""

    def hand_over(self, light: str, message: bytes, key: str) -> int | None:
        """Send a set message. Answers when (ns) it was handed over, None if there is no broker."""


class Audience(Protocol):
    """The phones, all of them."""

    def light(self, name: str, text: str) -> None:
        """A light changed; `text` is the frame."""

    def status(self, text: str) -> None:
        """The broker was lost or found; `text` is the frame."""


class Observer(Protocol):
    """Who measures and logs."""

    def said(self, press: Press) -> None:
        """A press has a new word."""

    def folded(self, light: str, folded: Folded) -> None:
        """A report was taken in."""


class Desk:
    """See the module. `alarm` hears when (ns) `on_time` is wanted sooner than it knew.

    `max_open`, `max_open_per_light`: how many presses without a last word it holds.
    """

    def __init__(
        self,
        ledger: Ledger,
        line: Line,
        audience: Audience,
        observer: Observer,
        alarm: Callable[[int], None],
        *,
        max_open: int,
        max_open_per_light: int,
    ) -> None:
        self.house = House()
        self.broker = False
        self._ledger = ledger
        self._line = line
        self._audience = audience
        self._observer = observer
        self._alarm = alarm
        self._max_open = max_open
        self._max_open_per_light = max_open_per_light
        self._open: dict[str, Press] = {}
        self._of_light: dict[str, dict[str, Press]] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._shown: dict[str, int] = {}
        self._owed: set[str] = set()
        self._alarms: list[tuple[int, bool, str]] = []  # when (ns), whether of a light, its name or the press's key

    def __len__(self) -> int:
        return len(self._open)

    @property
    def wake_at(self) -> int | None:
        """When (ns) `on_time` is wanted next."""
        return self._alarms[0][0] if self._alarms else None

    def reload(self) -> None:
        """Take up the presses of an earlier life of this bridge."""
        for record in self._ledger.open_presses():
            self._hold(Press.recalled(record))

    # Phones

    def ask(self, ask: Ask, watcher: Watcher, now: int) -> None:
        """A press came in; `watcher` hears its word at once and every later one. Raises Refusal."""
        press = self._open.get(ask.key)
        try:
            if press is None:
                self._ask_first(ask, watcher, now)
            else:
                self._ask_again(press, ask, watcher, now)
        except KnownAlready as known:
            self._ask_again(self._recall(known.record), ask, watcher, now)

    def leave(self, key: str, watcher: Watcher) -> None:
        """`watcher` has no use for words on this press any more."""
        watchers = self._watchers.get(key, [])
        if watcher in watchers:
            watchers.remove(watcher)

    def word(self, key: str, phone: str) -> PressOutcome:
        """The present word on a press. Raises Refusal."""
        press = self._open.get(key)
        record = None if press is not None else self._ledger.find(key)
        if record is not None:
            press = Press.recalled(record)
        if press is None or press.order.phone != phone:
            raise Refusal(ErrorCode.UNKNOWN_PRESS)
        return press.outcome()

    def _ask_first(self, ask: Ask, watcher: Watcher, now: int) -> None:
        try:
            moment, followed = self._moment(ask, now)
        except Refusal:
            self._must_be_new(ask.key)
            raise
        wish = ask.set
        command = SetCommand(
            state=wish.state, brightness=wish.brightness, key=ask.key, not_after=moment, if_ver=ask.if_ver
        )
        order = Order(ask.key, ask.light, ask.phone, ask.payload(), encode_set(command), moment)
        press = Press(order, followed=followed, stamps=Stamps(now, ask.before_us))
        light = self.house.lights.get(ask.light)
        self._step(press, Asked(self.broker, light is not None and light.online), now, watcher)

    def _moment(self, ask: Ask, now: int) -> tuple[Moment, bool]:
        """The deadline of a press, and whether its light's answers are followed. Raises Refusal."""
        light = self.house.lights.get(ask.light)
        if light is None and self.broker:
            raise Refusal(ErrorCode.UNKNOWN_LIGHT, ask.light)
        if len(self._open) >= self._max_open:
            raise Refusal(ErrorCode.OVERLOADED)
        if len(self._of_light.get(ask.light, ())) >= self._max_open_per_light:
            raise Refusal(ErrorCode.OVERLOADED, ask.light)
        if light is None:
            return ask.not_after or Moment(boot="0" * 8, up=0), False
        bound = light.bound.at(now)
        boot = light.report.boot
        if ask.not_after is None:
            return Moment(boot=boot, up=min(bound + ask.patience_ms, MAX_UP_MS)), True
        if light.live and ask.not_after.boot == boot and ask.not_after.up > bound + MAX_PATIENCE_MS:
            raise Refusal(ErrorCode.INVALID, "not_after is too far ahead")
        return ask.not_after, ask.not_after.boot == boot

    def _must_be_new(self, key: str) -> None:
        record = self._ledger.find(key)
        if record is not None:
            raise KnownAlready(record)

    def _recall(self, record: Record) -> Press:
        press = Press.recalled(record)
        if press.state is not State.CLOSED:
            self._hold(press)
        return press

    def _ask_again(self, press: Press, ask: Ask, watcher: Watcher, now: int) -> None:
        if press.order.phone != ask.phone:
            raise Refusal(ErrorCode.FORBIDDEN)
        if press.order.payload != ask.payload():
            raise Refusal(ErrorCode.KEY_REUSED)
        watchers = self._watchers.get(ask.key)
        if watchers is not None and watcher not in watchers:
            watchers.append(watcher)
        self._step(press, AskedAgain(), now, watcher)

    # Lights

    def on_report(self, name: str, report: Report, now: int, *, live: bool) -> None:
        """A light reported. `live`: just now; the broker had not kept it."""
        folded = self.house.fold_report(name, report, now, live=live)
        self._observer.folded(name, folded)
        presses = self._of_light.get(name)
        if presses:
            self._settle(presses, report, folded, now)
        if folded.tell:
            self._tell(name, now)

    def _settle(self, presses: dict[str, Press], report: Report, folded: Folded, now: int) -> None:
        decided = {decision.key: decision for decision in report.outcomes}
        heard = Heard(report.boot, report.up, folded.missed)
        for key, press in list(presses.items()):
            decision = decided.get(key)
            if decision is not None:
                self._step(press, Decided(decision.outcome, decision.version, decision.us), now)
            elif folded.over == press.order.not_after.boot:
                self._step(press, BootOver(), now)
            elif folded.kind is Kind.NEWS:
                self._step(press, heard, now)
        if folded.began:
            for press in presses.values():
                self._arm(press)

    def on_availability(self, name: str, availability: Availability, now: int, *, live: bool) -> None:
        """A light came or went. `live`: just now; the broker had not kept it."""
        if live and availability == "online":  # phones hear of it with its report, which follows and names its boot
            self._all(self._of_light.get(name, {}), Reborn(), now)
        elif self.house.fold_availability(name, availability, now):
            self._tell(name, now)

    # The broker

    def on_ack(self, key: str, now: int) -> None:
        """The broker acknowledged a set message."""
        press = self._open.get(key)
        if press is not None:
            self._step(press, Acked(), now)

    def on_broker(self, *, found: bool, now: int) -> None:
        """The broker was found or lost."""
        if self.broker == found:
            return
        self.broker = found
        self._audience.status(encode(Status(broker=found)))
        if found:
            self._knock()
            self._all(self._open, BrokerFound(), now)

    def _knock(self) -> None:
        """Have lights report that were not heard themselves yet, so that their clocks' bounds are good.

        A press for a boot that never was is answered and does nothing; a light that knows no keys is told to stay as
        it is.
        """
        for name, light in self.house.lights.items():
            if not light.live:
                known = light.report
                command = SetCommand(
                    state=known.state, brightness=known.brightness, key=KNOCK, not_after=Moment(boot="0" * 8, up=0)
                )
                self._line.hand_over(name, encode_set(command), KNOCK)

    # Time

    def on_time(self, now: int) -> None:
        """Do what is due at `now`."""
        while self._alarms and self._alarms[0][0] <= now:
            _, of_light, name = heapq.heappop(self._alarms)
            if of_light:
                self._show(name, now)
            elif (press := self._open.get(name)) is not None:
                self._ring(press, now)

    def _ring(self, press: Press, now: int) -> None:
        if press.state is not State.OPEN:
            return
        light = self._light_in(press.order.not_after.boot, press.order.light)
        if light is not None and light.bound.at(now) > press.order.not_after.up:
            self._step(press, BoundPassed(), now)
        else:
            self._arm(press)

    def _arm(self, press: Press) -> None:
        """Wake when the press's deadline is sure to have passed, if its light's clock is known."""
        moment = press.order.not_after
        light = self._light_in(moment.boot, press.order.light)
        if light is not None:
            self._wake(light.bound.passes(moment.up), press.order.key)

    def _light_in(self, boot: str, name: str) -> Light | None:
        light = self.house.lights.get(name)
        return light if light is not None and light.report.boot == boot else None

    def _wake(self, at: int, name: str, *, of_light: bool = False) -> None:
        alarm = (at, of_light, name)
        heapq.heappush(self._alarms, alarm)
        if self._alarms[0] is alarm:
            self._alarm(at)

    # What phones are shown

    def _tell(self, name: str, now: int) -> None:
        """Show a light to all phones, now or when its pace allows."""
        if name in self._owed:
            return
        due = self._shown.get(name, now - PACE_NS) + PACE_NS
        if due <= now:
            self._show(name, now)
        else:
            self._owed.add(name)
            self._wake(due, name, of_light=True)

    def _show(self, name: str, now: int) -> None:
        self._owed.discard(name)
        self._shown[name] = now
        view = self.house.lights[name].view(name, now)
        self._audience.light(name, encode(LightChanged(light=view)))

    # What a press says is to be done

    def _all(self, presses: dict[str, Press], event: Event, now: int) -> None:
        for press in list(presses.values()):
            self._step(press, event, now)

    def _step(self, press: Press, event: Event, now: int, asker: Watcher | None = None) -> None:
        actions = press.on_event(event, now)
        for action in actions:
            match action:
                case Do.ADMIT:
                    self._ledger.admit(press.record())
                case Do.PUBLISH:
                    self._publish(press)
                case Do.ANSWER if asker is not None:
                    outcome = press.outcome()
                    asker.hear(outcome, encode(outcome))
                case Do.SAY:
                    self._say(press)
                case Do.CLOSE:
                    self._close(press)
        if Do.ADMIT in actions and press.state is not State.CLOSED:
            self._hold(press, asker)
        if Do.ADMIT in actions or Do.SAY in actions:
            self._observer.said(press)

    def _publish(self, press: Press) -> None:
        order = press.order
        at = self._line.hand_over(order.light, order.message, order.key) if self.broker else None
        if at is not None:
            press.on_event(Published(), at)

    def _say(self, press: Press) -> None:
        outcome = press.outcome()
        text = encode(outcome)
        for watcher in self._watchers.get(press.order.key, ()):
            watcher.hear(outcome, text)
        if press.state is State.CLOSED:
            self._watchers.pop(press.order.key, None)

    def _close(self, press: Press) -> None:
        self._ledger.close(press.record())
        del self._open[press.order.key]
        del self._of_light[press.order.light][press.order.key]

    def _hold(self, press: Press, watcher: Watcher | None = None) -> None:
        order = press.order
        self._open[order.key] = press
        self._of_light.setdefault(order.light, {})[order.key] = press
        self._watchers[order.key] = [] if watcher is None else [watcher]
        self._arm(press)
