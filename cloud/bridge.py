"""The composition of the bridge: store, MQTT client, presses, phones and upkeep, and how they are run together."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from presslight.cloud.core.allowance import Allowance
from presslight.cloud.core.presses import Presses
from presslight.cloud.core.principal import Principal
from presslight.cloud.gauges import register_gauges
from presslight.cloud.mqtt.broker_events import BrokerEvents
from presslight.cloud.mqtt.client import MqttClient
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import Muting
from presslight.cloud.phone_limits import PhoneLimits
from presslight.cloud.phones import Phones
from presslight.cloud.settings import Settings
from presslight.cloud.store.forgetting import Forgetting
from presslight.cloud.store.store import Store
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.observer import BridgeObserver
from presslight.cloud.upkeep import Upkeep
from presslight.cloud.wake_timer import WakeTimer
from presslight.cloud.websocket.ports import Subscriber
from presslight.contract import open_files
from presslight.contract.rate import Bucket

NO_UPGRADE_LINES_PER_S = 1 / 3600
"""Rate of log lines about requests for the WebSocket without Upgrade. Each phone tries again each second."""


async def no_preparation() -> bool:
    """Do nothing before a light is forgotten: who may sign in at a broker that is not ours is up to its owner."""
    return True


class Bridge:
    """The bridge without its HTTP server: `async with Bridge(settings).running():`.

    `now`: its clock, monotonic, ns. `before_forgetting`: is awaited before a light's topics are emptied, so that the
    light cannot fill them again; returns whether it succeeded.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], int] = time.monotonic_ns,
        before_forgetting: Callable[[], Awaitable[bool]] = no_preparation,
    ) -> None:
        self.settings = settings
        self.now = now
        self.ending = asyncio.Event()
        self.metrics = Metrics()
        self.counts = counts = BridgeObserver(self.metrics)
        self.phones = Phones(min(settings.max_phones, open_files.limit() // 2))
        self.limits = PhoneLimits(settings.press_rate, settings.press_burst)
        self.store = Store(settings.store, _call_later, counts.store_trouble, now)
        self.mqtt = MqttClient(settings)
        self.timer = WakeTimer(now, self._on_time)
        self.presses = Presses(
            self.store,
            self.mqtt,
            self.phones,
            counts,
            self.timer.wake_at,
            max_open=settings.max_open,
            max_open_per_light=settings.max_open_per_light,
            draw=_draw_origin,
        )
        self.muting = Muting()
        inbox = Inbox(self.presses, counts, self.muting)
        self.broker_events = BrokerEvents(inbox, self.presses, self.muting, counts, self.mqtt.reconnect, now)
        self.forgetting = Forgetting(
            self.store, self.mqtt, self.presses, now, self._prepare_forgetting, counts.store_trouble, counts.on_defect
        )
        self.upkeep = Upkeep(settings, self.store, self.phones, self.forgetting, counts, now)
        self._before_forgetting = before_forgetting
        self._no_upgrade_lines = Bucket(NO_UPGRADE_LINES_PER_S, 1, now())
        register_gauges(self.metrics, self.phones, self.presses, self.muting, lambda: counts.store_is_good)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the bridge. Raises StoreUnavailable at the start; a missing broker is no error but waited for."""
        self.store.open()
        try:
            self.forgetting.recall()
            self.presses.reload(self.now())
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self.mqtt.run(self.broker_events), name="mqtt client"),
                    tasks.create_task(self.upkeep.run(), name="upkeep"),
                    tasks.create_task(self.forgetting.run(), name="forgetting"),
                ]
                yield
                for task in running:
                    task.cancel()
        finally:
            self.ending.set()
            self.timer.cancel()
            self.store.shut()

    # What a phone's session needs (`websocket.ports`)

    def principal_of(self, token: str) -> Principal | None:
        """Return the phone that a token was issued to. Raises StoreUnavailable."""
        phone = self.store.phone_of(token)
        return None if phone is None else Principal(phone)

    def is_within_press_rate(self, principal: Principal, now: int) -> bool:
        """Count a press of the phone; return whether it is within its rate."""
        return self.limits.is_within_press_rate(principal.name, now)

    def allowance_of(self, token: str, now: int) -> Allowance:
        """Return what the phones with this good token may use up."""
        return self.limits.allowance_of(token, now)

    def join(self, session: Subscriber) -> None:
        """Add a phone to those that hear of changes. Raises Refusal(OVERLOADED)."""
        self.phones.join(session)

    def leave(self, session: Subscriber) -> None:
        """Remove a phone."""
        self.phones.leave(session)

    def on_no_upgrade(self, client: str | None) -> None:
        """Log, once an hour, that a request for the WebSocket came without Upgrade, and from which address."""
        if self._no_upgrade_lines.take_tokens(self.now()):
            self.counts.no_upgrade(client)

    # Callbacks of the parts

    def _on_time(self) -> int | None:
        """Do what is due; return when (ns) to be called next. An error must not keep later deadlines from ringing."""
        try:
            self.presses.on_time(self.now())
        except Exception as error:
            self.counts.on_defect("alarm", error)
        return self.presses.wake_at

    async def _prepare_forgetting(self, light: str) -> bool:
        """Await `before_forgetting`, then listen to the light: it is forgotten once its emptied topic comes back.

        Return whether both are done.
        """
        return await self._before_forgetting() and self.broker_events.listen_to(light)


def _draw_origin() -> str:
    return secrets.token_hex(8)


def _call_later(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)
