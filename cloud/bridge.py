"""The bridge's parts put together: desk, store, line to the broker, phones, and the one alarm clock they share."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from presslight.cloud.core import drops
from presslight.cloud.core.allowance import Allowance
from presslight.cloud.core.presses import Desk
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import Muting
from presslight.cloud.settings import Settings
from presslight.cloud.store.forgetting import Forgetting
from presslight.cloud.store.store import PRUNED_AT_ONCE, Store
from presslight.cloud.store.token_use import WRITTEN_EACH_S
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.observer import Watch
from presslight.cloud.websocket.ports import Talk
from presslight.contract import open_files
from presslight.contract.errors import ErrorCode
from presslight.contract.rate import Bucket

UPKEEP_S = 1.0
"""How often the store is tidied and revoked tokens are looked for."""
NO_UPGRADE_LINES_PER_S = 1 / 3600
"""How often the log says that requests for the WebSocket come without Upgrade. Each phone tries again each second."""
ASKED_AT_ONCE = 500
"""So many tokens the store is asked about in one go."""

_NS_PER_S = 1_000_000_000
_TIMER_NS = 1_000_000  # timers may ring up to 1 ms early


async def nothing() -> bool:
    """Whoever may sign in at a broker that is not ours, its owner tells it."""
    return True


class Bridge:
    """`async with Bridge(settings).running():` is the bridge, but for HTTP. `now` is its clock: monotonic, ns.

    `before_forgetting`: what is done before a light's topics are emptied, so that the light cannot fill them again; it
    answers whether it was.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], int] = time.monotonic_ns,
        before_forgetting: Callable[[], Awaitable[bool]] = nothing,
    ) -> None:
        self.settings = settings
        self.now = now
        self.metrics = Metrics()
        self.counts = Watch(self.metrics)
        self.talks: set[Talk] = set()
        self.store = Store(settings.store, _later, self.counts.store_trouble, now)
        self.mqtt = MqttClient(settings, self)
        self.desk = Desk(
            self.store,
            self.mqtt,
            self,
            self.counts,
            self._set_alarm,
            max_open=settings.max_open,
            max_open_per_light=settings.max_open_per_light,
            draw=_draw_origin,
        )
        self.muting = Muting()
        self.inbox = Inbox(self.desk, self.counts, self.muting)
        trouble, mistake = self.counts.store_trouble, self.counts.mistake
        self._before_forgetting = before_forgetting
        self.forgetting = Forgetting(self.store, self.mqtt, self.desk, now, self._make_heard, trouble, mistake)
        self.ending = asyncio.Event()
        self._most_phones = min(settings.max_phones, open_files.limit() // 2)
        self._buckets: dict[str, Bucket] = {}
        self._allowances: dict[str, Allowance] = {}
        self._no_upgrade_lines = Bucket(NO_UPGRADE_LINES_PER_S, 1, now())
        self._uses_noted = Bucket(1 / WRITTEN_EACH_S, 1, now())
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0
        self._doubtful = False
        self._show_gauges()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it. Raises StoreUnavailable at the start; a missing broker is no error, it is waited for."""
        self.store.open()
        try:
            self.forgetting.recall()
            self.desk.reload(self.now())
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self.mqtt.run(), name="mqtt client"),
                    tasks.create_task(self._keep_up(), name="upkeep"),
                    tasks.create_task(self.forgetting.run(), name="forgetting"),
                ]
                yield
                for task in running:
                    task.cancel()
        finally:
            self.ending.set()
            if self._alarm is not None:
                self._alarm.cancel()
            self.store.shut()

    # Phones

    def phone_of(self, token: str) -> str | None:
        """The phone that a token was issued to. Raises StoreUnavailable."""
        return self.store.phone_of(token)

    def may_press(self, phone: str, now: int) -> bool:
        """Whether the phone is within its rate; counts the press."""
        bucket = self._buckets.get(phone)
        if bucket is None:
            bucket = Bucket(self.settings.press_rate, self.settings.press_burst, now)
            self._buckets[phone] = bucket
        return bucket.take(now)

    def allowance_of(self, token: str, now: int) -> Allowance:
        """What the phones with this token may use up. Only those with a good one are counted."""
        allowance = self._allowances.get(token)
        if allowance is None:
            allowance = Allowance.of_token(self.settings.press_rate, self.settings.press_burst, now)
            self._allowances[token] = allowance
        return allowance

    def join(self, talk: Talk) -> None:
        """From now on the phone hears what happens. Raises Refusal(OVERLOADED)."""
        if len(self.talks) >= self._most_phones:
            raise Refusal(ErrorCode.OVERLOADED)
        self.talks.add(talk)

    def leave(self, talk: Talk) -> None:
        """The phone is gone."""
        self.talks.discard(talk)

    def light(self, name: str, text: str) -> None:
        """A light changed; `text` is the frame that says so."""
        for talk in self.talks:
            talk.light(name, text)

    def status(self, text: str) -> None:
        """The broker was lost or found; `text` is the frame that says so."""
        for talk in self.talks:
            talk.status(text)

    def on_no_upgrade(self, client: str | None) -> None:
        """A request for the WebSocket came without Upgrade, from this address; logged once an hour."""
        if self._no_upgrade_lines.take(self.now()):
            self.counts.no_upgrade(client)

    # The broker

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """A light's message."""
        try:
            self.inbox.take(topic, payload, self.now(), retained=retained)
        except Exception as error:
            self.counts.mistake(topic, error)

    def on_ack(self, key: str) -> None:
        """The broker acknowledged the set message of a press."""
        try:
            self.desk.on_ack(key, self.now())
        except Exception as error:
            self.counts.mistake("acknowledgement", error)

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
        """The broker delivers, or does so no longer."""
        self.counts.broker(found=found, cause=cause, detail=detail)
        self.desk.on_broker(found=found, now=self.now())
        if found:
            self.muting.end_terms(self.now())
            if self.muting.wants_others(self.desk.house.names()):
                self.mqtt.reconnect()

    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return self.muting.topics(self.desk.house.names())

    def on_reconnected(self) -> None:
        """The line has connected anew, and the broker was not lost."""
        self.desk.on_reconnected(self.now())

    async def _make_heard(self, light: str) -> bool:
        """Have done what comes before a light is forgotten, and listen to it: it is gone once that is heard."""
        if not await self._before_forgetting():
            return False
        is_muted = self.muting.pardon(light)
        if is_muted:
            self.mqtt.reconnect()
        return not is_muted

    # Time

    def _set_alarm(self, at: int) -> None:
        """Wake the desk at `at`, unless it is woken sooner."""
        if self._alarm is not None and self._alarm_at <= at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        wait = max(0, at - self.now() + _TIMER_NS) / _NS_PER_S
        self._alarm = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        try:
            self.desk.on_time(self.now())
        except Exception as error:  # what is due later goes on
            self.counts.mistake("alarm", error)
        if self.desk.wake_at is not None:
            self._set_alarm(self.desk.wake_at)

    # Upkeep

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP_S)
            try:
                await self.store.tend()
                await self._drop_revoked()
                await self._prune()
                await self._write_uses()
            except StoreUnavailable as error:
                self.counts.store_trouble(error)
            except Exception as error:  # it is tried again, and the house goes on
                self.counts.mistake("upkeep", error)
            else:
                self.counts.store_good()

    async def _prune(self) -> None:
        keep_s = self.settings.keep_hours * 3600
        more = True
        while more:
            more = self.store.prune(keep_s, self.settings.keep_presses) == PRUNED_AT_ONCE
            await asyncio.sleep(0)  # presses come first

    async def _write_uses(self) -> None:
        """Have the store know which tokens are in use; an open socket is a use."""
        if self._uses_noted.take(self.now()):
            talks = list(self.talks)
            for start in range(0, len(talks), ASKED_AT_ONCE):
                self.store.note_uses(talk.token or "" for talk in talks[start : start + ASKED_AT_ONCE])
                await asyncio.sleep(0)  # presses come first
        self.store.write_uses()

    async def _drop_revoked(self) -> None:
        """Close the sockets whose tokens were revoked, by another process, or have expired."""
        touched = self.store.touched()
        self.forgetting.note(touched=touched)
        self._doubtful = touched or self.store.has_expired() or self._doubtful
        talks = list(self.talks) if self._doubtful else []
        for start in range(0, len(talks), ASKED_AT_ONCE):
            some = talks[start : start + ASKED_AT_ONCE]
            good = self.store.good(talk.token or "" for talk in some)
            for talk in some:
                if talk.token not in good:
                    talk.revoke()
            await asyncio.sleep(0)  # presses come first
        self._doubtful = False

    def _show_gauges(self) -> None:
        lights = self.desk.house.lights
        gauge = self.metrics.gauge
        gauge("phones", "Phones that are connected.", lambda: len(self.talks))
        gauge("lights", "Lights that are known.", lambda: len(lights))
        gauge("lights_online", "Lights that are online.", lambda: sum(light.online for light in lights.values()))
        gauge("lights_shared", "Lights whose name two devices use.", lambda: sum(one.shared for one in lights.values()))
        gauge(
            "lights_degraded",
            "Lights of which something does not work as it should, by their own word.",
            lambda: sum(bool(light.report.degraded) for light in lights.values()),
        )
        gauge("lights_muted", "Lights that are not listened to, as they send too much.", lambda: len(self.muting.muted))
        gauge("open_presses", "Presses without a last word.", lambda: len(self.desk))
        gauge("broker_up", "1 while the broker delivers.", lambda: self.desk.broker)
        gauge("store_up", "1 while the store takes what is written to it.", lambda: self.counts.store_is_good)
        self.metrics.counts(
            "light_mutes",
            "Times that a light was not listened to for a while, as it sent too much, since it was good for long.",
            ("light",),
            lambda: (((name,), term.times) for name, term in self.muting.terms.items()),
        )
        self.metrics.counts(
            "light_swaps",
            "Times that a device took its light's name back, which another one had taken.",
            ("light",),
            lambda: (((name,), light.swaps) for name, light in lights.items()),
        )
        self.metrics.counts(
            "light_lines",
            "Times that a light's versions began anew, as what was known of it was false.",
            ("light",),
            lambda: (((name,), light.line) for name, light in lights.items()),
        )
        self.metrics.counts(
            "light_dropped_messages",
            "Set messages that a light dropped in this boot of it.",
            ("light", "cause"),
            lambda: (
                ((name, cause), count)
                for name, light in lights.items()
                for cause, count in drops.by_cause(light.report.dropped)
            ),
        )


def _draw_origin() -> str:
    return secrets.token_hex(8)


def _later(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)
