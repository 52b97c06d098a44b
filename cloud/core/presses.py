"""The presses of a bridge: phones ask, lights report, the broker comes and goes, and each press hears what concerns it.

Pure: times are ns on a monotonic clock; store, publisher, broadcaster and observer are ports. Everything that a press
does is decided by `press`, everything that a light shows by `lights`.
"""

from collections.abc import Callable
from contextlib import suppress

from presslight.cloud.core import probe
from presslight.cloud.core.deadline import QUIET_NS
from presslight.cloud.core.display import Display
from presslight.cloud.core.events import Acked, AskedAgain, BootOver, BrokerFound, Decided, Heard, Reborn
from presslight.cloud.core.intake import Intake
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.ports import Broadcaster, LightPublisher, Observer, OutcomeListener, PressStore
from presslight.cloud.core.press import Press, State
from presslight.cloud.core.press_runner import PressRunner
from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask, Record
from presslight.cloud.core.report_effect import Kind, ReportEffect
from presslight.cloud.errors import DuplicateKey, Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Availability, Report
from presslight.contract.phone import BrokerStatus, Have, PressOutcome
from presslight.contract.phone_codec import encode
from presslight.contract.words import PressStatus


class Presses:
    """See the module. `alarm` hears when (ns) `on_time` is wanted sooner than it knew.

    `max_open`, `max_open_per_light`: how many presses without a last word it holds. `draw` answers 64 random
    bits in hex, for an origin.
    """

    def __init__(
        self,
        store: PressStore,
        publisher: LightPublisher,
        broadcaster: Broadcaster,
        observer: Observer,
        alarm: Callable[[int], None],
        *,
        max_open: int,
        max_open_per_light: int,
        draw: Callable[[], str],
    ) -> None:
        self.lights = Lights(self._phone_of, draw())
        self._store = store
        self._publisher = publisher
        self._broadcaster = broadcaster
        self._observer = observer
        self._open = OpenPresses(max_open, max_open_per_light)
        self._intake = Intake(self.lights, self._open, draw)
        self._runner = PressRunner(self.lights, self._open, store, publisher, observer, alarm)
        self._display = Display(self.lights, broadcaster, alarm)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def broker(self) -> bool:
        """Whether the broker is connected, and delivers."""
        return self._runner.broker

    @property
    def wake_at(self) -> int | None:
        """When (ns) `on_time` is wanted next."""
        due = (self._runner.next_at, self._display.next_at)
        return min((at for at in due if at is not None), default=None)

    def reload(self, now: int) -> None:
        """Take up the presses of an earlier life of this bridge. Who still wants one asks for it again."""
        for record in self._store.open_presses():
            press = Press.recalled(record, now + QUIET_NS)
            self._runner.hold(press)
            self._intake.on_sent(press.order, now)

    # Phones

    def ask(self, ask: Ask, listener: OutcomeListener, now: int) -> None:
        """A press came in; `listener` hears its status, at once or once on the disk, and later ones. Raises Refusal."""
        if not ask.principal.may_press(ask.light):
            raise Refusal(ErrorCode.FORBIDDEN if ask.principal.may_see(ask.light) else ErrorCode.UNKNOWN_LIGHT)
        press = self._open.get(ask.key)
        try:
            if press is None:
                self._ask_first(ask, listener, now)
            else:
                self._ask_again(press, ask, listener, now)
        except DuplicateKey as known:
            self._ask_known(known.record, ask, listener, now)

    def remove_listener(self, key: str, listener: OutcomeListener) -> None:
        """Tell `listener` no further status of this press."""
        self._open.remove_listener(key, listener)

    def status_of(self, key: str, principal: Principal) -> PressOutcome:
        """The present status of a press of this phone, on a light that it may see. Raises Refusal."""
        press = self._open.get(key)
        record = None if press is not None else self._store.find(key)
        if record is not None:
            press = Press.recalled(record)
        if press is None or press.order.phone != principal.name or press.state is State.STORED:
            raise Refusal(ErrorCode.UNKNOWN_PRESS)
        if not principal.may_see(press.order.light):
            raise Refusal(ErrorCode.UNKNOWN_PRESS)
        return press.outcome()

    def _phone_of(self, light: str, key: str) -> str | None:
        """The phone whose press on a light a key is, of whichever bridge, as long as it is stored."""
        press = self._open.get(key)
        order = self._store.find(key) if press is None else press.order
        return order.phone if order is not None and order.light == light else None

    def _ask_first(self, ask: Ask, listener: OutcomeListener, now: int) -> None:
        try:
            press, asked = self._intake.press(ask, now, broker=self.broker)
        except Refusal:
            self._must_be_new(ask)
            raise
        try:
            self._runner.feed(press, asked, now, listener, ask.text)
        except DuplicateKey:
            self._intake.on_known(ask, press.order.key)
            raise
        if press.status is not PressStatus.OFFLINE:
            self._intake.on_sent(press.order, now)

    def _must_be_new(self, ask: Ask) -> None:
        record = self._store.find(ask.key) if ask.text is None else self._store.find_text(ask.text)
        if record is not None:
            raise DuplicateKey(record)

    def _ask_known(self, record: Record, ask: Ask, listener: OutcomeListener, now: int) -> None:
        """Take up a press that the store has. Another bridge may have stored it just now, and wait for the disk."""
        _must_be_same(record.phone, record.payload, ask)
        ask = ask._replace(key=record.key)
        held = self._open.get(record.key)
        if held is not None:
            return self._ask_again(held, ask, listener, now)
        on_disk = record.status is not PressStatus.OFFLINE and (record.status.final or ask.is_dated)
        press = Press.recalled(record, on_disk=on_disk)
        if press.state is not State.CLOSED:
            self._runner.hold(press)
        self._ask_again(press, ask, listener, now)
        if not on_disk:
            self._runner.sync(press)
        return None

    def _ask_again(self, press: Press, ask: Ask, listener: OutcomeListener, now: int) -> None:
        _must_be_same(press.order.phone, press.order.payload, ask)
        self._runner.listen(press, listener)
        self._runner.feed(press, AskedAgain(), now, listener)

    # Lights

    def on_report(self, name: str, report: Report, now: int, *, live: bool) -> None:
        """A light reported. `live`: just now; the broker had not kept it."""
        effect = self.lights.on_report(name, report, now, live=live)
        self._observer.on_report(name, effect)
        self._deliver_decisions(self._open.of(name), report, effect, now)
        if effect.began:
            for press in self._open.of(name):
                self._runner.arm(press)
        if effect.anew:
            for press in self._open.of(name):  # its deadline may be far, on a clock that was false: the light judges it
                self._runner.feed_alone(press, Reborn(), now)
        if effect.doubt:
            self._ask_light(name, now)
        if effect.tell:
            self._display.show_light(name, now)

    def on_shown_versions(self, have: dict[str, Have], now: int) -> None:
        """A phone said what it shows."""
        for name in self.lights.on_shown_versions(have, now):
            self._ask_light(name, now)

    def _ask_light(self, name: str, now: int) -> None:
        """Have a light prove what it is, now or a little later."""
        pending_probe = self.lights.by_name[name].pending_probe
        pending_probe.wanted = True
        if self.broker and pending_probe.is_due(now):
            self._publisher.publish(name, self.lights.question(name, now), probe.KEY)

    def _deliver_decisions(self, presses: list[Press], report: Report, effect: ReportEffect, now: int) -> None:
        decided = {decision.key: decision for decision in report.outcomes}
        heard = Heard(report.boot, report.up, effect.missed)
        for press in presses:
            decision = decided.get(press.order.key)
            if decision is not None:
                version = min(decision.version, report.version)  # phones would wait for ever for one that never comes
                self._runner.feed_alone(press, Decided(decision.outcome, version, decision.us), now)
            elif effect.over == press.order.not_after.boot:
                self._runner.feed_alone(press, BootOver(), now)
            elif effect.kind is Kind.NEWS:
                self._runner.feed_alone(press, heard, now)

    def on_availability(self, name: str, availability: Availability, now: int, *, live: bool) -> None:
        """A light came or went. `live`: just now; the broker had not kept it."""
        self.lights.on_claim(name, availability)
        if live and availability == "offline" and self.lights.is_gone(name):
            self._publisher.clear_availability(name)  # its will, told when its account was taken away
        elif live and availability == "online":  # phones hear of it with its report, which follows and names its boot
            for press in self._open.of(name):
                self._runner.feed_alone(press, Reborn(), now)
        elif self.lights.on_availability(name, availability, now):
            self._display.show_light(name, now)

    def on_emptied(self, name: str, now: int) -> None:
        """The broker keeps nothing of a light any more: for whom that was done is in the store at this moment."""
        with suppress(StoreUnavailable):  # then it was for the last that was heard of
            asked_at = self._store.asked_to_forget(name)
            if asked_at is not None:
                self.lights.on_forget_request(name, asked_at)
        self.forget(name, now)

    def forget(self, name: str, now: int) -> None:
        """A light is no more. What was pressed it may still do and tell, until the deadline has passed."""
        self.lights.forget(name)
        self._runner.forget_light(name, now)
        self._display.remove_light(name)

    def mute(self, name: str, now: int) -> None:
        """A light sends too much: it is not listened to, and so offline to phones."""
        if name in self.lights.by_name and self.lights.on_availability(name, "offline", now):
            self._display.show_light(name, now)
        self._publisher.reconnect()

    # The broker

    def on_ack(self, key: str, now: int) -> None:
        """The broker acknowledged a set message."""
        press = self._open.get(key)
        if press is not None:
            self._runner.feed(press, Acked(), now)

    def on_broker(self, *, found: bool, now: int) -> None:
        """The broker was found, has delivered once more, or was lost."""
        if not found:
            self.lights.forget_shown_versions()
        if self.broker == found:
            if found:
                self._miss(now)
            return
        self._runner.on_broker(found=found)
        self._broadcaster.send_broker_status(encode(BrokerStatus(connected=found)))
        if found:
            self.lights.found(now)
            for name in self.lights.by_name:
                self._publisher.publish(name, self.lights.question(name, now), probe.KEY)
            self.on_reconnected(now)

    def on_reconnected(self, now: int) -> None:
        """The connection to the broker is new: what was published just before may be lost, and what was answered."""
        for press in self._open.all():
            self._runner.feed_alone(press, BrokerFound(), now)

    def _miss(self, now: int) -> None:
        """Take lights for offline that say nothing, although the broker delivers."""
        for name in self.lights.miss(now):
            self._display.show_light(name, now)
            if not self.lights.stands_offline(name):
                self._publisher.publish_offline(name)
        for name in self.lights.not_back(now):
            self.forget(name, now)
        for name in self.lights.part(now):
            self._display.show_light(name, now)
        for name in self.lights.to_ask(now):
            self._ask_light(name, now)

    # Time

    def on_time(self, now: int) -> None:
        """Do what is due at `now`."""
        self._display.on_time(now)
        self._runner.on_time(now)


def _must_be_same(phone: str, payload: str, ask: Ask) -> None:
    """Raise Refusal where a key was used by another phone, or for something else."""
    if phone != ask.phone:
        raise Refusal(ErrorCode.FORBIDDEN)
    if payload != ask.payload():
        raise Refusal(ErrorCode.KEY_REUSED)
