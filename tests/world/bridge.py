"""A bridge in the world: its desk, its inbox and its conversations are the real ones; it crashes and comes back."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cloud.board import Talk
from cloud.conversation import Conversation
from cloud.desk import Desk
from cloud.errors import Refusal, StoreUnavailable
from cloud.house import Folded
from cloud.inbox import Inbox
from cloud.press import Press
from cloud.record import Ask, Record
from cloud.settings import Settings
from contract import phone as frames
from contract.address import BrokerAddress
from contract.errors import MEANINGS, ErrorCode
from contract.phone import PressOutcome, Problem
from contract.words import Word
from tests.world.agenda import Clock, Entry, S
from tests.world.broker import Broker
from tests.world.ground import Ground
from tests.world.network import Way
from tests.world.shelf import Drawer

SETTINGS = Settings(
    broker=BrokerAddress(host="127.0.0.1", port=1),
    store=Path("nowhere"),
    press_rate=1e9,
    press_burst=10**9,
    ping_ms=10**9,
)
NOTICES_BROKER = 2 * S


class Crash(BaseException):
    """The bridge dies here and now."""


class Life:
    """One life of a bridge: everything that a crash takes. It is desk's ledger, line, audience and observer at once."""

    def __init__(self, ground: Ground, broker: Broker, bridge: "Bridge") -> None:
        self.settings = SETTINGS
        self.name = bridge.name
        self.talks: dict[Talk, None] = {}  # in order, so that a seed lives one life
        self.crash_at: str | None = None
        self.way = Way()
        self._ground = ground
        self._broker = broker
        self._bridge = bridge
        self._clock = Clock(ground.agenda, ground.dice.randint(-500, 500), ground.dice.randint(1, 10**6) * S)
        self._drawer = Drawer(ground.shelf, ground.agenda)
        self._alarm: Entry | None = None
        self._alarm_at = 0
        self.desk = Desk(self, self, self, self, self._set_alarm, max_open=10_000, max_open_per_light=1_024)
        self.inbox = Inbox(self.desk, self)
        self.counts = self
        self.desk.reload(self.now())

    def now(self) -> int:
        """Its clock, ns."""
        return self._clock.now()

    def end(self) -> None:
        """Nothing of this life happens any more."""
        self._drawer.crash()
        if self._alarm is not None:
            self._alarm.cancel()

    def _crash_if(self, place: str) -> None:
        if self.crash_at == place:
            raise Crash(place)

    # Ledger

    def admit(self, record: Record) -> None:
        """Store a press, and perhaps die of it, or be told that it could not be stored, truly or not."""
        is_deaf = self._ground.agenda.now < self._bridge.deaf_until
        if is_deaf and self._ground.dice.random() < 0.5:
            raise StoreUnavailable("deaf")
        self._drawer.admit(record)
        self._crash_if("stored")
        if is_deaf:
            raise StoreUnavailable("deaf")

    def close(self, record: Record) -> None:
        """Store a last word."""
        self._drawer.close(record)

    def find(self, key: str) -> Record | None:
        """What is stored."""
        return self._drawer.find(key)

    def open_presses(self) -> list[Record]:
        """What has no last word."""
        return self._drawer.open_presses()

    # Line

    def hand_over(self, light: str, message: bytes, key: str) -> int:
        """Publish a set message, and perhaps die of it."""
        self._ground.note(self.name, f"publishes {key}")
        if self._bridge.linked:
            self._ground.network.throw(self.way, partial(self._broker.publish_set, light, message))
        self._crash_if("published")
        return self.now()

    # Audience

    def light(self, name: str, text: str) -> None:
        """Tell all phones of a light."""
        for talk in self.talks:
            talk.light(name, text)

    def status(self, text: str) -> None:
        """Tell all phones of the broker."""
        for talk in self.talks:
            talk.status(text)

    # Observer

    def said(self, press: Press) -> None:
        """The bridge's word on a press: it is judged before anybody hears it."""
        self._ground.note(self.name, f"says {press.word} {press.reason or ''} of {press.order.key}")
        self._ground.said(press.order.key, press.word.value, self.name)
        if press.word is not Word.ACCEPTED:
            self._crash_if("known")

    def folded(self, light: str, folded: Folded) -> None:
        """Nothing is measured here."""

    # Board and counts

    def phone_of(self, token: str) -> str:
        """Everybody is who they say."""
        return token

    def may_press(self, phone: str, now: int) -> bool:
        """As often as they like."""
        return True

    def join(self, talk: Talk) -> None:
        """A phone hears what happens."""
        self.talks[talk] = None

    def leave(self, talk: Talk) -> None:
        """A phone is gone."""
        self.talks.pop(talk, None)

    def error(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """Phones are told of what they did wrong."""
        self._ground.note(self.name, f"tells {phone} {code} {key or ''} {detail}")
        if not MEANINGS[code].retry:
            self._ground.judge.refused_to_tell(key)

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """Nothing is measured here."""

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """Every light speaks the protocol."""
        raise AssertionError(f"{topic}: {cause}: {detail}")

    # Time

    def _set_alarm(self, at: int) -> None:
        when = self._clock.when(at)
        if self._alarm is None or self._alarm_at > when:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = when
            self._alarm = self._ground.agenda.at(when, lambda: self._bridge.do(self._ring))

    def _ring(self) -> None:
        self._alarm = None
        self.desk.on_time(self.now())
        if self.desk.wake_at is not None:
            self._set_alarm(self.desk.wake_at)


class Bridge:
    """One bridge process: `life` is None while it is down. `linked`: messages pass between it and the broker.

    `deaf_until`: up to this true time the store's answers do not reach it.
    """

    def __init__(self, ground: Ground, broker: Broker, name: str) -> None:
        self.name = name
        self.life: Life | None = None
        self.linked = False
        self.deaf_until = 0
        self._from_broker = Way()
        self._outages = 0
        self.wires: list[Wire] = []
        self._ground = ground
        self._broker = broker
        broker.bridges.append(self.deliver)

    def start(self) -> None:
        """Start, where it is down, with what the store and the broker have kept."""
        if self.life is None:
            self._ground.note(self.name, "starts")
            self.life = Life(self._ground, self._broker, self)
            self.find_broker()

    def crash(self) -> None:
        """Die without a word."""
        if self.life is not None:
            self._ground.note(self.name, "crashes")
            self.life.end()
            self.life = None
            self.linked = False
            self._outages += 1
            for wire in list(self.wires):
                wire.tear()

    def spare(self) -> None:
        """It is to die of nothing any more."""
        self.deaf_until = 0
        if self.life is not None:
            self.life.crash_at = None

    def do(self, call: Callable[[], None]) -> None:
        """Let it work, unless it dies of that."""
        try:
            call()
        except Crash:
            self.crash()

    # The broker

    def lose_broker(self) -> None:
        """Nothing passes any more; it is noticed a little later."""
        self.linked = False
        self._outages += 1
        outage = self._outages
        wait = self._ground.dice.randint(0, NOTICES_BROKER)
        self._ground.agenda.after(wait, lambda: self._notice() if outage == self._outages else None)

    def _notice(self) -> None:
        if self.life is not None and not self.linked:
            life = self.life
            self._ground.note(self.name, "has lost the broker")
            self.do(lambda: life.desk.on_broker(found=False, now=life.now()))

    def find_broker(self) -> None:
        """Connect: what the broker has kept comes first."""
        life = self.life
        if life is None or self.linked:
            return
        self.linked = True
        self._outages += 1
        self.do(lambda: life.desk.on_broker(found=False, now=life.now()))
        for topic, payload in sorted(self._broker.kept.items()):
            self._take(life, topic, payload, retained=True)
        if self.life is life:
            self._ground.note(self.name, "has found the broker")
            self.do(lambda: life.desk.on_broker(found=True, now=life.now()))

    def deliver(self, topic: str, payload: bytes) -> None:
        """The broker has something for this bridge."""
        life = self.life
        if life is not None and self.linked:
            self._ground.network.throw(self._from_broker, lambda: self._take(life, topic, payload, retained=False))

    def _take(self, life: Life, topic: str, payload: bytes, *, retained: bool) -> None:
        if self.life is life and self.linked:
            self.do(lambda: life.inbox.take(topic, payload, life.now(), retained=retained))

    # A press by HTTP

    def post(self, phone: str, press: frames.Press, answer: Callable[[PressOutcome | Problem], None]) -> None:
        """A press comes on a path of its own; `answer` carries the words back."""
        life = self.life
        if life is not None:
            self.do(lambda: self._post(life, phone, press, answer))

    def _post(
        self, life: Life, phone: str, press: frames.Press, answer: Callable[[PressOutcome | Problem], None]
    ) -> None:
        ask = Ask(press.key, press.light, phone, press.set, press.if_ver, press.not_after, press.patience_ms)
        try:
            life.desk.ask(ask, Answer(answer), life.now())
        except Refusal as refusal:
            meaning = MEANINGS[refusal.code]
            life.error(refusal.code, phone, press.key, str(refusal))
            answer(Problem(code=refusal.code, message=str(refusal), retry=meaning.retry, key=press.key))


class Answer:
    """Who hears the words on a press that came by HTTP."""

    def __init__(self, answer: Callable[[PressOutcome | Problem], None]) -> None:
        self._answer = answer

    def hear(self, outcome: PressOutcome, text: str) -> None:
        """See `cloud.ports.Watcher`."""
        self._answer(outcome)


class Wire:
    """One WebSocket: an ordered stream each way, until it is torn; each end learns of that in its own time."""

    def __init__(self, ground: Ground, bridge: Bridge, hear: Callable[[str], None], lost: Callable[[], None]) -> None:
        self.bridge = bridge
        self._ground = ground
        self._life = bridge.life
        self._hear = hear
        self._lost = lost
        self._there = Way()
        self._back = Way()
        self._torn = False
        bridge.wires.append(self)
        life = self._life
        assert life is not None
        self._talk = Conversation(life, self._flush, life.now())

    def send(self, text: str) -> None:
        """The phone sends a frame."""
        self._ground.network.stream(self._there, lambda: self._arrive(text))

    def _arrive(self, text: str) -> None:
        life = self._life
        if not self._torn and life is not None and self.bridge.life is life:
            self.bridge.do(lambda: self._talk.on_text(text, life.now()))

    def _flush(self, urgent: bool) -> None:
        for text in self._talk.outbox.take(1_000):
            self._ground.network.stream(self._back, partial(self._reach, text))

    def _reach(self, text: str) -> None:
        if not self._torn:
            self._hear(text)

    def tear(self) -> None:
        """It breaks; what is under way is lost."""
        if self._torn:
            return
        self._torn = True
        self._ground.note(self.bridge.name, "loses a wire")
        self.bridge.wires.remove(self)
        dice, agenda = self._ground.dice, self._ground.agenda
        agenda.after(dice.randint(0, 5 * S), self._lost)
        agenda.after(dice.randint(0, 20 * S), self._gone)

    def hang_up(self) -> None:
        """The phone is gone; the bridge learns of it."""
        if not self._torn:
            self._torn = True
            self.bridge.wires.remove(self)
            self._ground.agenda.after(self._ground.dice.randint(0, 20 * S), self._gone)

    def _gone(self) -> None:
        if self.bridge.life is self._life:
            self.bridge.do(self._talk.gone)
