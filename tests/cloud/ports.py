"""Stand-ins for the ports of `Presses`, each keeping what it was told; and short ways to make what goes in."""

import secrets
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any

from presslight.cloud.core import probe
from presslight.cloud.core.press import Press
from presslight.cloud.core.presses import Presses
from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask, Record
from presslight.cloud.core.report_effect import ReportEffect
from presslight.cloud.errors import DuplicateKey, Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Decision, Report, decode_set
from presslight.contract.phone import BrokerStatus, LightChanged, LightGone, PressOutcome, Wish
from presslight.contract.phone_codec import decode_bridge_frame
from presslight.contract.words import Moment, Outcome, split_key

MS = 1_000_000
S = 1_000 * MS
BOOT = "00000001"
ORIGIN = "0123456789abcdef"
ASKS_AS = "fedcba9876543210"


def key(number: int = 1, origin: str = ORIGIN) -> str:
    return f"{origin}-{number}"


def ask(number: int = 1, **more: Any) -> Ask:
    asked: dict[str, Any] = {"key": key(number), "light": "kitchen", "phone": "ann", "set": Wish(state="ON")} | more
    return Ask(principal=Principal(asked.pop("phone")), **asked)


def report(*decided: tuple[str, str], up: int = 1_000, boot: str = BOOT, epoch: int = 1, **more: Any) -> Report:
    """A report with these (key, outcome); `decided` counts them unless it is given."""
    made: dict[str, Any] = {"state": "ON", "brightness": 200, "boot": boot, "up": up, "version": (epoch, len(decided))}
    outcomes = tuple(Decision(key=k, outcome=Outcome(o), version=(epoch, 1), us=100) for k, o in decided)
    return Report(**made | {"decided": len(decided), "outcomes": outcomes} | more)


def moment(up: int, boot: str = BOOT) -> Moment:
    return Moment(boot=boot, up=up)


def nobody(_light: str, _key: str) -> str | None:
    """A store that knows no press."""
    return None


class PressStore:
    """Keeps records in a dict. `broken`: takes nothing and tells nothing. `asked`: how often it was to find a press.

    `is_slow`: nothing is on the disk until it is told so.
    """

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.owners: dict[str, str] = {}
        self.texts: dict[bytes, str] = {}
        self.broken = False
        self.is_slow = False
        self.syncs: list[Callable[[int, StoreUnavailable | None], None]] = []
        self.now: Callable[[], int] = lambda: 0
        self.asked = 0

    def admit(self, record: Record, text: bytes | None = None) -> None:
        if self.broken:
            raise StoreUnavailable("broken")
        if self.owners.setdefault(split_key(record.key)[0], record.phone) != record.phone:
            raise Refusal(ErrorCode.FORBIDDEN)
        known = self.records.get(record.key) if text is None else self.find_text(text)
        if known is not None:
            raise DuplicateKey(known)
        if record.key in self.records:
            raise Refusal(ErrorCode.KEY_REUSED)
        self.records[record.key] = record
        if text is not None:
            self.texts[text] = record.key

    def sync(self, then: Callable[[int, StoreUnavailable | None], None]) -> None:
        self.syncs.append(then)
        if not self.is_slow:
            self.on_disk()

    def on_disk(self, error: StoreUnavailable | None = None) -> None:
        """The disk has taken all, or has failed."""
        syncs, self.syncs = self.syncs, []
        for then in syncs:
            then(self.now(), error)

    def close(self, record: Record) -> None:
        self.records[record.key] = record

    def find(self, key: str) -> Record | None:
        self.asked += 1
        if self.broken:
            raise StoreUnavailable("broken")
        return self.records.get(key)

    def find_text(self, text: bytes) -> Record | None:
        return self.find(self.texts[text]) if text in self.texts else None

    def open_presses(self) -> list[Record]:
        return [record for record in self.records.values() if not record.status.final]

    def asked_to_forget(self, light: str) -> int | None:
        return None


class LightPublisher:
    """Keeps the presses sent as (light, key); `messages` has the whole of each, `knocks` the newest knock at a light,
    `offline` the lights that were said to be offline, `reconnects` how often it was to connect anew.

    `down`: takes nothing.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.knocks: dict[str, bytes] = {}
        self.messages: list[bytes] = []
        self.emptied: list[str] = []
        self.offline: list[str] = []
        self.reconnects = 0
        self.down = False
        self.at = 0

    def publish(self, light: str, message: bytes, key: str) -> int | None:
        if self.down:
            return None
        assert key in (decode_set(message).key, probe.KEY)
        if key == probe.KEY:
            self.knocks[light] = message
            return self.at
        self.sent.append((light, key))
        self.messages.append(message)
        return self.at

    def clear_availability(self, light: str) -> None:
        self.emptied.append(light)

    def publish_offline(self, light: str) -> None:
        self.offline.append(light)

    def reconnect(self) -> None:
        self.reconnects += 1


class Broadcaster:
    """Keeps the frames that all phones were told."""

    def __init__(self) -> None:
        self.lights: list[LightChanged] = []
        self.gone: list[str] = []
        self.statuses: list[bool] = []

    def send_light(self, name: str, text: str) -> None:
        frame = decode_bridge_frame(text)
        if isinstance(frame, LightGone):
            assert frame.light == name
            return self.gone.append(name)
        assert isinstance(frame, LightChanged)
        assert frame.light.id == name
        return self.lights.append(frame)

    def send_broker_status(self, text: str) -> None:
        frame = decode_bridge_frame(text)
        assert isinstance(frame, BrokerStatus)
        self.statuses.append(frame.connected)


class Observer:
    """Keeps words and reports."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.reports: list[ReportEffect] = []

    def on_status(self, press: Press) -> None:
        self.words.append(press.status)

    def on_report(self, light: str, effect: ReportEffect) -> None:
        self.reports.append(effect)

    def on_defect(self, where: str, error: Exception) -> None:
        raise error


class Defects(Observer):
    """Keeps the defects, too, instead of raising them."""

    def __init__(self) -> None:
        super().__init__()
        self.defects: list[str] = []

    def on_defect(self, where: str, error: Exception) -> None:
        self.defects.append(where)


class Listener:
    """Keeps the words it heard."""

    def __init__(self) -> None:
        self.outcomes: list[PressOutcome] = []
        self.refusals: list[tuple[str, ErrorCode]] = []

    def on_outcome(self, outcome: PressOutcome, text: str) -> None:
        assert decode_bridge_frame(text) == outcome
        self.outcomes.append(outcome)

    def on_refusal(self, key: str, refusal: Refusal) -> None:
        self.refusals.append((key, refusal.code))

    @property
    def words(self) -> list[str]:
        return [f"{told.status} {told.reason}" if told.reason else str(told.status) for told in self.outcomes]

    @property
    def last(self) -> str:
        return self.words[-1]


class Harness:
    """Presses with all their ports, a clock that the test moves, and the kitchen light online, heard just now."""

    def __init__(self, *, store: PressStore | None = None, with_light: bool = True, **limits: int) -> None:
        self.store = store or PressStore()
        self.publisher = LightPublisher()
        self.broadcaster = Broadcaster()
        self.observer = Observer()
        self.alarms: list[int] = []
        self.now = 1_000 * S
        self.store.now = lambda: self.now
        self.presses = Presses(
            self.store,
            self.publisher,
            self.broadcaster,
            self.observer,
            self.alarms.append,
            **{"max_open": 100, "max_open_per_light": 50} | limits,
            draw=partial(next, chain([ASKS_AS], iter(partial(secrets.token_hex, 8), ""))),
        )
        self.presses.reload(self.now)
        if with_light:
            self.report(up=1_000)
            self.presses.on_availability("kitchen", "online", self.now, live=False)
            self.presses.on_broker(found=True, now=self.now)

    def ask(self, number: int = 1, **more: Any) -> Listener:
        listener = Listener()
        self.presses.ask(ask(number, **more), listener, self.now)
        return listener

    def report(self, *decided: tuple[str, str], light: str = "kitchen", live: bool = True, **more: Any) -> None:
        self.presses.on_report(light, report(*decided, **more), self.now, live=live)

    def later(self, ms: int) -> None:
        """Let time pass, with every alarm on the way rung."""
        end = self.now + ms * MS
        while (at := self.presses.wake_at) is not None and at <= end:
            self.now = max(self.now, at)
            self.presses.on_time(self.now)
        self.now = end
