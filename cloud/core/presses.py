"""The desk: presses come in, words go out. It holds the open presses and the house, and tells the parts what to do.

Pure: times are ns on a monotonic clock; store, line to the broker, phones and measurements are ports. Everything that a
press does is decided by `press`, everything that a light shows by `lights`.
"""

from collections.abc import Callable
from contextlib import suppress

from presslight.cloud.core import probe
from presslight.cloud.core.disk_waits import DiskWaits
from presslight.cloud.core.display import Display
from presslight.cloud.core.events import (
    Acked,
    AskedAgain,
    BootOver,
    BoundPassed,
    BrokerFound,
    Decided,
    Do,
    Event,
    Heard,
    LightForgotten,
    OnDisk,
    Published,
    Reborn,
)  # fmt: skip
from presslight.cloud.core.intake import QUIET_NS, Intake
from presslight.cloud.core.light import Light
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.ports import Broadcaster, LightPublisher, Observer, PressStore, Watcher
from presslight.cloud.core.press import Press, State
from presslight.cloud.core.record import Ask, Record
from presslight.cloud.core.report_effect import Kind, ReportEffect
from presslight.cloud.core.timers import Timers
from presslight.cloud.errors import DuplicateKey, Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Availability, Report
from presslight.contract.phone import BrokerStatus, Have, PressOutcome, encode
from presslight.contract.words import PressStatus


class Presses:
    """See the module. `alarm` hears when (ns) `on_time` is wanted sooner than it knew.

    `max_open`, `max_open_per_light`: how many presses without a last word it holds. `draw` answers 64 random
    bits in hex, for an origin.
    """

    def __init__(
        self,
        ledger: PressStore,
        line: LightPublisher,
        audience: Broadcaster,
        observer: Observer,
        alarm: Callable[[int], None],
        *,
        max_open: int,
        max_open_per_light: int,
        draw: Callable[[], str],
    ) -> None:
        self.lights = Lights(self._phone_of, draw())
        self.broker = False
        self._store = ledger
        self._publisher = line
        self._broadcaster = audience
        self._observer = observer
        self._open = OpenPresses(max_open, max_open_per_light)
        self._intake = Intake(self.lights, self._open, draw)
        self._disk = DiskWaits(ledger, self._open, observer, self._on_disk)
        self._deadlines = Timers(alarm)
        self._display = Display(self.lights, audience, alarm)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def wake_at(self) -> int | None:
        """When (ns) `on_time` is wanted next."""
        due = (self._deadlines.next_at, self._display.next_at)
        return min((at for at in due if at is not None), default=None)

    def reload(self, now: int) -> None:
        """Take up the presses of an earlier life of this bridge. Who still wants one asks for it again."""
        for record in self._store.open_presses():
            press = Press.recalled(record, now + QUIET_NS)
            self._hold(press)
            self._intake.on_sent(press.order, now)

    # Phones

    def ask(self, ask: Ask, watcher: Watcher, now: int) -> None:
        """A press came in; `watcher` hears its word at once and every later one. Raises Refusal."""
        if not ask.principal.may_press(ask.light):
            raise Refusal(ErrorCode.FORBIDDEN if ask.principal.may_see(ask.light) else ErrorCode.UNKNOWN_LIGHT)
        press = self._open.get(ask.key)
        try:
            if press is None:
                self._ask_first(ask, watcher, now)
            else:
                self._ask_again(press, ask, watcher, now)
        except DuplicateKey as known:
            self._ask_known(known.record, ask, watcher, now)

    def leave(self, key: str, watcher: Watcher) -> None:
        """`watcher` has no use for words on this press any more."""
        self._open.leave(key, watcher)

    def status_of(self, key: str, phone: str) -> PressOutcome:
        """The present word on a press. Raises Refusal."""
        press = self._open.get(key)
        record = None if press is not None else self._store.find(key)
        if record is not None:
            press = Press.recalled(record)
        if press is None or press.order.phone != phone or press.state is State.STORED:
            raise Refusal(ErrorCode.UNKNOWN_PRESS)
        return press.outcome()

    def _phone_of(self, light: str, key: str) -> str | None:
        """The phone whose press on a light a key is, of whichever bridge, as long as it is stored."""
        press = self._open.get(key)
        order = self._store.find(key) if press is None else press.order
        return order.phone if order is not None and order.light == light else None

    def _ask_first(self, ask: Ask, watcher: Watcher, now: int) -> None:
        try:
            press, asked = self._intake.press(ask, now, broker=self.broker)
        except Refusal:
            self._must_be_new(ask)
            raise
        try:
            self._step(press, asked, now, watcher, ask.text)
        except DuplicateKey:
            self._intake.on_known(ask, press.order.key)
            raise
        if press.status is not PressStatus.OFFLINE:
            self._intake.on_sent(press.order, now)

    def _must_be_new(self, ask: Ask) -> None:
        record = self._store.find(ask.key) if ask.text is None else self._store.find_text(ask.text)
        if record is not None:
            raise DuplicateKey(record)

    def _ask_known(self, record: Record, ask: Ask, watcher: Watcher, now: int) -> None:
        """Take up a press that the store has. Another bridge may have stored it just now, and wait for the disk."""
        _must_be_same(record.phone, record.payload, ask)
        ask = ask._replace(key=record.key)
        held = self._open.get(record.key)
        if held is not None:
            return self._ask_again(held, ask, watcher, now)
        on_disk = record.status is not PressStatus.OFFLINE and (record.status.final or ask.is_dated)
        press = Press.recalled(record, on_disk=on_disk)
        if press.state is not State.CLOSED:
            self._hold(press)
        self._ask_again(press, ask, watcher, now)
        if not on_disk:
            self._disk.begin(press)
        return None

    def _ask_again(self, press: Press, ask: Ask, watcher: Watcher, now: int) -> None:
        _must_be_same(press.order.phone, press.order.payload, ask)
        self._disk.ask_again(press, watcher)
        self._open.watch(ask.key, watcher)
        self._step(press, AskedAgain(), now, watcher)

    # Lights

    def on_report(self, name: str, report: Report, now: int, *, live: bool) -> None:
        """A light reported. `live`: just now; the broker had not kept it."""
        effect = self.lights.fold_report(name, report, now, live=live)
        self._observer.on_report(name, effect)
        self._settle(self._open.of(name), report, effect, now)
        if effect.began:
            for press in self._open.of(name):
                self._arm(press)
        if effect.anew:
            for press in self._open.of(name):  # its deadline may be far, on a clock that was false: the light judges it
                self._step(press, Reborn(), now)
        if effect.doubt:
            self._ask_light(name, now)
        if effect.tell:
            self._display.tell(name, now)

    def hear_shown_versions(self, have: dict[str, Have], now: int) -> None:
        """A phone said what it shows."""
        for name in self.lights.hear_shown_versions(have, now):
            self._ask_light(name, now)

    def _ask_light(self, name: str, now: int) -> None:
        """Have a light prove what it is, now or a little later."""
        pending_probe = self.lights.by_name[name].pending_probe
        pending_probe.wanted = True
        if self.broker and pending_probe.is_due(now):
            self._publisher.publish(name, self.lights.question(name, now), probe.KEY)

    def _settle(self, presses: list[Press], report: Report, effect: ReportEffect, now: int) -> None:
        decided = {decision.key: decision for decision in report.outcomes}
        heard = Heard(report.boot, report.up, effect.missed)
        for press in presses:
            decision = decided.get(press.order.key)
            if decision is not None:
                version = min(decision.version, report.version)  # phones would wait for ever for one that never comes
                self._step(press, Decided(decision.outcome, version, decision.us), now)
            elif effect.over == press.order.not_after.boot:
                self._step(press, BootOver(), now)
            elif effect.kind is Kind.NEWS:
                self._step(press, heard, now)

    def on_availability(self, name: str, availability: Availability, now: int, *, live: bool) -> None:
        """A light came or went. `live`: just now; the broker had not kept it."""
        self.lights.hear_claim(name, availability)
        if live and availability == "offline" and self.lights.is_gone(name):
            self._publisher.clear_availability(name)  # its will, told when its account was taken away
        elif live and availability == "online":  # phones hear of it with its report, which follows and names its boot
            for press in self._open.of(name):
                self._step(press, Reborn(), now)
        elif self.lights.fold_availability(name, availability, now):
            self._display.tell(name, now)

    def on_emptied(self, name: str, now: int) -> None:
        """The broker keeps nothing of a light any more: for whom that was done is in the store at this moment."""
        with suppress(StoreUnavailable):  # then it was for the last that was heard of
            asked_at = self._store.asked_to_forget(name)
            if asked_at is not None:
                self.lights.hear_request(name, asked_at)
        self.forget(name, now)

    def forget(self, name: str, now: int) -> None:
        """A light is no more. What was pressed it may still do and tell, until the deadline has passed."""
        self.lights.forget(name)
        for press in self._open.of(name):
            if press.state is State.UNCONFIRMED:
                self._step(press, LightForgotten(), now)
            else:
                self._deadlines.set(now + QUIET_NS, press.order.key)
        self._display.take_away(name)

    def mute(self, name: str, now: int) -> None:
        """A light sends too much: it is not listened to, and so offline to phones."""
        if name in self.lights.by_name and self.lights.fold_availability(name, "offline", now):
            self._display.tell(name, now)
        self._publisher.reconnect()

    # The broker

    def on_ack(self, key: str, now: int) -> None:
        """The broker acknowledged a set message."""
        press = self._open.get(key)
        if press is not None:
            self._step(press, Acked(), now)

    def on_broker(self, *, found: bool, now: int) -> None:
        """The broker was found, has delivered once more, or was lost."""
        if not found:
            self.lights.forget_shown_versions()
        if self.broker == found:
            if found:
                self._miss(now)
            return
        self.broker = found
        self._broadcaster.broker_status(encode(BrokerStatus(connected=found)))
        if found:
            self.lights.found(now)
            for name in self.lights.by_name:
                self._publisher.publish(name, self.lights.question(name, now), probe.KEY)
            self.on_reconnected(now)

    def on_reconnected(self, now: int) -> None:
        """The line has connected anew: what was handed over just before may be lost, and what was answered."""
        for press in self._open.all():
            self._step(press, BrokerFound(), now)

    def _miss(self, now: int) -> None:
        """Heed who says nothing, though the broker delivers."""
        for name in self.lights.miss(now):
            self._display.tell(name, now)
            if not self.lights.stands_offline(name):
                self._publisher.publish_offline(name)
        for name in self.lights.not_back(now):
            self.forget(name, now)
        for name in self.lights.part(now):
            self._display.tell(name, now)
        for name in self.lights.to_ask(now):
            self._ask_light(name, now)

    # Time

    def on_time(self, now: int) -> None:
        """Do what is due at `now`."""
        self._display.on_time(now)
        for key in self._deadlines.due(now):
            press = self._open.get(key)
            if press is not None:
                self._ring_alone(press, now)

    def _ring_alone(self, press: Press, now: int) -> None:
        try:
            self._ring(press, now)
        except Exception as error:  # the other presses that are due go on
            self._observer.mistake(press.order.key, error)

    def _ring(self, press: Press, now: int) -> None:
        name = press.order.light
        if self.lights.is_gone(name):
            return self._step(press, LightForgotten(), now)
        if press.state is not State.OPEN:
            return None
        light = self._light_in(press.order.not_after.boot, name)
        if light is not None and light.bound.at(now) > press.order.not_after.up:
            return self._step(press, BoundPassed(), now)
        return self._arm(press)

    def _arm(self, press: Press) -> None:
        """Wake when the press's deadline is sure to have passed, if its light's clock is known."""
        moment = press.order.not_after
        light = self._light_in(moment.boot, press.order.light)
        if light is not None:
            self._deadlines.set(light.bound.passes(moment.up), press.order.key)

    def _light_in(self, boot: str, name: str) -> Light | None:
        light = self.lights.by_name.get(name)
        return light if light is not None and light.report.boot == boot else None

    # What a press says is to be done

    def _step(
        self, press: Press, event: Event, now: int, asker: Watcher | None = None, text: bytes | None = None
    ) -> None:
        actions = press.on_event(event, now)
        for action in actions:
            match action:
                case Do.ADMIT:
                    self._store.admit(press.record(), text)
                case Do.PUBLISH:
                    self._publish(press)
                case Do.ANSWER if asker is not None:
                    outcome = press.outcome()
                    asker.hear(outcome, encode(outcome))
                case Do.SAY:
                    self._say(press)
                case Do.CLOSE:
                    self._store.close(press.record())
                    self._open.remove(press)
        if Do.ADMIT in actions:
            self._hold(press, asker)
        if Do.SYNC in actions:
            self._disk.begin(press)
        elif Do.ADMIT in actions or Do.SAY in actions:
            self._observer.said(press)

    def _on_disk(self, press: Press, now: int) -> None:
        self._step(press, OnDisk(), now)
        if press.state is State.OPEN:
            self._arm(press)

    def _publish(self, press: Press) -> None:
        order = press.order
        at = self._publisher.publish(order.light, order.message, order.key) if self.broker else None
        if at is not None:
            press.on_event(Published(), at)

    def _say(self, press: Press) -> None:
        outcome = press.outcome()
        text = encode(outcome)
        for watcher in self._open.watchers(press.order.key):
            watcher.hear(outcome, text)

    def _hold(self, press: Press, watcher: Watcher | None = None) -> None:
        self._open.add(press, watcher)
        self._arm(press)


def _must_be_same(phone: str, payload: str, ask: Ask) -> None:
    """Raise Refusal where a key was used by another phone, or for something else."""
    if phone != ask.phone:
        raise Refusal(ErrorCode.FORBIDDEN)
    if payload != ask.payload():
        raise Refusal(ErrorCode.KEY_REUSED)
