"""One life of a bridge: its presses, its inbox, and all that they need of others. A crash takes it whole."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from presslight.cloud.core.allowance import Allowance
from presslight.cloud.core.press import Press
from presslight.cloud.core.presses import Presses
from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Record
from presslight.cloud.core.report_effect import ReportEffect
from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import Muting
from presslight.cloud.settings import Settings
from presslight.cloud.websocket.ports import Subscriber
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import MEANINGS, ErrorCode
from presslight.contract.topics import light_of
from presslight.contract.words import PressStatus
from tests.world.broker import Broker
from tests.world.event_queue import Clock, Entry, S
from tests.world.fake_store import FakePressStore
from tests.world.ground import Ground
from tests.world.network import Way

SETTINGS = Settings(
    broker=BrokerAddress(host="127.0.0.1", port=1),
    store=Path("nowhere"),
    press_rate=1e9,
    press_burst=10**9,
    ping_ms=10**9,
)


class Crash(BaseException):
    """The bridge dies here and now."""


class Host(Protocol):
    """The process that it lives in."""

    name: str
    linked: bool
    deaf_until: int

    def do(self, call: Callable[[], None], *, first: bool = False) -> None:
        """Let it work, unless it dies of that; `first`: before what else waits for it."""


def _shows(ground: Ground) -> int:
    """What a machine's clock shows: it begins anew after a power cut."""
    shows = ground.dice.randint(1, 10**6) * S
    cut_at = ground.database.cut_at
    return shows + 100 * S if cut_at is None else ground.event_queue.now - cut_at


class BridgeProcess:
    """Everything that a crash takes. It is the store, publisher, broadcaster and observer of `presses` at once."""

    def __init__(self, ground: Ground, broker: Broker, bridge: Host) -> None:
        self.settings = SETTINGS
        self.name = bridge.name
        self.sessions: dict[Subscriber, None] = {}  # in order, so that a seed lives one life
        self.crash_at: str | None = None
        self.way = Way()
        self._ground = ground
        self._broker = broker
        self._bridge = bridge
        self._clock = Clock(ground.event_queue, ground.dice.randint(-500, 500), _shows(ground))
        self._store = FakePressStore(ground.database, self._later)
        self._alarm: Entry | None = None
        self._alarm_at = 0
        self.presses = Presses(
            self, self, self, self, self._set_alarm, max_open=10_000, max_open_per_light=1_024, draw=self._draw_origin
        )
        self.inbox = Inbox(self.presses, self, Muting())
        self.counts = self
        for name in ground.database.forgotten:
            self.presses.lights.recall(name)
        self.presses.reload(self.now())

    def now(self) -> int:
        """Its clock, ns."""
        return self._clock.now()

    def end(self) -> None:
        """Nothing of this life happens any more."""
        self._store.crash()
        if self._alarm is not None:
            self._alarm.cancel()

    def _crash_if(self, place: str) -> None:
        if self.crash_at == place:
            raise Crash(place)

    def _draw_origin(self) -> str:
        return f"{self._ground.dice.getrandbits(64):016x}"

    # PressStore

    def admit(self, record: Record, text: bytes | None = None) -> None:
        """Store a press, and perhaps die of it, or be told that it could not be stored, truly or not."""
        is_deaf = self._ground.event_queue.now < self._bridge.deaf_until
        if is_deaf and self._ground.dice.random() < 0.5:
            raise StoreUnavailable("deaf")
        self._store.admit(record, text)
        self._crash_if("stored")
        if is_deaf:
            raise StoreUnavailable("deaf")

    def sync(self, then: Callable[[int, StoreUnavailable | None], None]) -> None:
        """Have it on the disk, and perhaps die before anything comes of it."""
        self._store.sync(lambda error: then(self.now(), error))

    def close(self, record: Record) -> None:
        """Store a last word."""
        self._store.close(record)

    def find(self, key: str) -> Record | None:
        """What is stored."""
        return self._store.find(key)

    def find_text(self, text: bytes) -> Record | None:
        """What is stored of the press that a text stands for."""
        return self._store.find_text(text)

    def asked_to_forget(self, light: str) -> int | None:
        """What was asked for is drawn by the world."""
        return self._store.asked_to_forget(light)

    def open_presses(self) -> list[Record]:
        """What has no last word."""
        return self._store.open_presses()

    # LightPublisher

    def publish(self, light: str, message: bytes, key: str) -> int:
        """Publish a set message, and perhaps die of it."""
        self._ground.note(self.name, f"publishes {key}")
        if self._bridge.linked:
            self._ground.network.throw(self.way, partial(self._broker.publish_set, light, message))
        self._crash_if("published")
        return self.now()

    def clear_availability(self, light: str) -> None:
        """Have the broker not keep that a light is offline."""
        self._deny(light, b"")

    def publish_offline(self, light: str) -> None:
        """Have the broker keep that a light is offline."""
        self._ground.note(self.name, f"says that {light} is offline")
        self._deny(light, b"offline")

    def reconnect(self) -> None:
        """No light sends so much here."""
        raise AssertionError

    def _deny(self, light: str, payload: bytes) -> None:
        if self._bridge.linked:
            self._ground.network.throw(self.way, partial(self._broker.deny, light, payload))

    # Broadcaster

    def send_light(self, name: str, text: str) -> None:
        """Tell all phones of a light."""
        for session in self.sessions:
            session.send_light(name, text)

    def send_broker_status(self, text: str) -> None:
        """Tell all phones of the broker."""
        for session in self.sessions:
            session.send_broker_status(text)

    # Observer

    def on_status(self, press: Press) -> None:
        """The bridge's status of a press, judged as it is told."""
        self._ground.note(self.name, f"says {press.status} {press.reason or ''} of {press.order.key}")
        self._ground.said(press.order.key, press.status.value, self.name)
        if press.status is not PressStatus.ACCEPTED:
            self._crash_if("known")

    def on_report(self, light: str, effect: ReportEffect) -> None:
        """A bridge takes what it knew for false only if it was."""
        if effect.anew:
            self._ground.note(self.name, f"begins the versions of {light} anew")
            self._ground.judge.began_anew(light)

    def on_defect(self, where: str, error: Exception) -> None:
        """A defect is one here, too."""
        raise error

    # Board and counts

    def sign_in_failed(self, client: str | None) -> None:
        """Everybody is let in."""

    def principal_of(self, token: str) -> Principal:
        """Everybody is who they say."""
        return Principal(token)

    def is_within_press_rate(self, principal: Principal, now: int) -> bool:
        """As often as they like."""
        return True

    def allowance_of(self, token: str, now: int) -> Allowance:
        """The same for frames."""
        return Allowance.of_token(1_000, 1_000_000, now)

    def join(self, session: Subscriber) -> None:
        """A phone hears what happens."""
        self.sessions[session] = None

    def leave(self, session: Subscriber) -> None:
        """A phone is gone."""
        self.sessions.pop(session, None)

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """Phones are told of what they did wrong."""
        self._ground.note(self.name, f"tells {phone} {code} {key or ''} {detail}")
        if not MEANINGS[code].retry:
            self._ground.judge.refused_to_tell(key)

    def shown(self, ms: int, bridge_us: int | None) -> None:
        """Nothing is measured here."""

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """Every light speaks the protocol; what is emptied is of one that somebody forgets."""
        if cause != "emptied":
            raise AssertionError(f"{topic}: {cause}: {detail}")
        self._ground.judge.forgot(light_of(topic))

    # Time

    def _later(self, wait: int, call: Callable[[], None]) -> Entry:
        return self._ground.event_queue.after(wait, lambda: self._bridge.do(call))

    def _set_alarm(self, at: int) -> None:
        when = self._clock.when(at)
        if self._alarm is None or self._alarm_at > when:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = when
            first = self._ground.dice.random() < 0.5
            self._alarm = self._ground.event_queue.at(when, lambda: self._bridge.do(self._ring, first=first))

    def _ring(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()  # where this one waited for the bridge to wake, another may be set
            self._alarm = None
        self.presses.on_time(self.now())
        if self.presses.wake_at is not None:
            self._set_alarm(self.presses.wake_at)
