"""Runs the open presses: gives them events, carries out the actions that they answer with, waits for their deadlines.

Pure: times are ns on a monotonic clock; store, publisher and observer are ports.
"""

from collections.abc import Callable
from typing import assert_never

from presslight.cloud.core.actions import Admit, Close, Publish, Reply, Sync, Tell
from presslight.cloud.core.deadline import QUIET_NS
from presslight.cloud.core.disk_waits import DiskWaits
from presslight.cloud.core.events import BoundPassed, Event, LightForgotten, OnDisk, Published
from presslight.cloud.core.light import Light
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.listeners import tell_each
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.ports import LightPublisher, Observer, OutcomeListener, PressStore
from presslight.cloud.core.press import Press, State
from presslight.cloud.core.timers import Timers
from presslight.contract.phone import PressOutcome
from presslight.contract.phone_codec import encode


class PressRunner:
    """Runs the presses in `open_presses`. `alarm` hears when (ns) `on_time` is wanted sooner than it knew."""

    def __init__(
        self,
        lights: Lights,
        open_presses: OpenPresses,
        store: PressStore,
        publisher: LightPublisher,
        observer: Observer,
        alarm: Callable[[int], None],
    ) -> None:
        self._broker = False
        self._lights = lights
        self._open = open_presses
        self._store = store
        self._publisher = publisher
        self._observer = observer
        self._disk = DiskWaits(store, open_presses, observer, self._on_disk)
        self._deadlines = Timers(alarm)

    @property
    def broker(self) -> bool:
        """Whether the broker is connected, so that something can be published."""
        return self._broker

    def on_broker(self, *, found: bool) -> None:
        """The broker was found or lost."""
        self._broker = found

    @property
    def next_at(self) -> int | None:
        """When (ns) `on_time` is wanted next."""
        return self._deadlines.next_at

    def hold(self, press: Press, listener: OutcomeListener | None = None) -> None:
        """Add a press to the open ones, and wait for its deadline."""
        self._open.add(press, listener)
        self.arm(press)

    def arm(self, press: Press) -> None:
        """Wake when the press's deadline is sure to have passed, if its light's clock is known."""
        moment = press.order.not_after
        light = self._light_in(moment.boot, press.order.light)
        if light is not None:
            self._deadlines.set(light.bound.passes(moment.up), press.order.key)

    def sync(self, press: Press) -> None:
        """Have a press on the disk that is stored already."""
        self._disk.begin(press)

    def listen(self, press: Press, listener: OutcomeListener) -> None:
        """Tell `listener` each status of an open press from now on."""
        self._disk.ask_again(press, listener)
        self._open.add_listener(press.order.key, listener)

    def feed(
        self, press: Press, event: Event, now: int, asker: OutcomeListener | None = None, text: bytes | None = None
    ) -> None:
        """Give a press an event, and do what it asks for.

        `asker` is sent a Reply; `text`: the digest of the text that stands for the key of a press that is new. Raises
        Refusal and DuplicateKey where the store refuses a new press.
        """
        for action in press.on_event(event, now):
            match action:
                case Admit(record):
                    self._store.admit(record, text)
                    self.hold(press, asker)  # before it is published: whatever fails after this, it is not left alone
                case Sync():
                    self._disk.begin(press)
                case Publish(light, message):
                    self._publish(press, light, message)
                case Reply(outcome):
                    if asker is not None:
                        asker.on_outcome(outcome, encode(outcome))
                case Tell(outcome):
                    self._tell(press, outcome)
                case Close(record):
                    self._store.close(record)
                    self._open.remove(press)
                case _:
                    assert_never(action)

    def feed_alone(self, press: Press, event: Event, now: int) -> None:
        """Give one of several presses an event: a defect at it is counted, and the others go on."""
        try:
            self.feed(press, event, now)
        except Exception as error:
            self._observer.on_defect(press.order.key, error)

    def on_time(self, now: int) -> None:
        """Give each press whose deadline has passed at `now` that event."""
        for key in self._deadlines.due(now):
            press = self._open.get(key)
            if press is not None:
                self._pass(press, now)

    def forget_light(self, name: str, now: int) -> None:
        """A light is no more. What was pressed it may still do and tell, until the deadline has passed."""
        for press in self._open.of(name):
            if press.state is State.UNCONFIRMED:
                self.feed_alone(press, LightForgotten(), now)
            else:
                self._deadlines.set(now + QUIET_NS, press.order.key)

    def _pass(self, press: Press, now: int) -> None:
        name = press.order.light
        if self._lights.is_gone(name):
            return self.feed_alone(press, LightForgotten(), now)
        if press.state is not State.OPEN:
            return None
        light = self._light_in(press.order.not_after.boot, name)
        if light is not None and light.bound.at(now) > press.order.not_after.up:
            return self.feed_alone(press, BoundPassed(), now)
        return self.arm(press)

    def _light_in(self, boot: str, name: str) -> Light | None:
        light = self._lights.by_name.get(name)
        return light if light is not None and light.report.boot == boot else None

    def _on_disk(self, press: Press, now: int) -> None:
        self.feed(press, OnDisk(), now)
        if press.state is State.OPEN:
            self.arm(press)

    def _publish(self, press: Press, light: str, message: bytes) -> None:
        at = self._publisher.publish(light, message, press.order.key) if self._broker else None
        if at is not None:
            press.on_event(Published(), at)

    def _tell(self, press: Press, outcome: PressOutcome) -> None:
        text = encode(outcome)
        key = press.order.key
        tell_each(self._open.listeners(key), lambda listener: listener.on_outcome(outcome, text), key, self._observer)
        self._observer.on_status(press)
