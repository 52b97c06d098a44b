"""The broker: keeps what is retained, tells who is there, and passes messages on over a bad network. It may die."""

from collections.abc import Callable
from typing import Protocol

from presslight.contract.topics import AVAILABILITY, STATE
from tests.world.event_queue import S
from tests.world.ground import Ground
from tests.world.network import Way

WILL_AFTER = 6 * S
SAVES_EACH = 10 * S


class Listener(Protocol):
    """A light, as the broker sees it."""

    name: str
    linked: bool
    to_it: Way
    from_it: Way

    def hear(self, message: bytes, *, is_retained: bool, is_fresh: bool = True) -> None:
        """A set message arrives."""

    def hear_denial(self) -> None:
        """Its availability is said to be offline, or was emptied."""

    def lose_link(self) -> None:
        """The broker has given its name to another connection."""

    def join_later(self) -> None:
        """Come back, if it likes."""


class Broker:
    """One broker. `kept`: what is retained of lights, by topic; `bridges`: who hears of them. `is_up`: not dead."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lights: dict[str, Listener] = {}
        self._kept_sets: dict[str, bytes] = {}
        self._saved: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
        self._life = 0
        self.kept: dict[str, bytes] = {}
        self.bridges: list[Callable[[str, bytes], None]] = []
        self.is_up = True
        self._save()

    def die(self) -> None:
        """Die without a word: who was connected is forgotten, and so is what was retained since it was last saved."""
        self._ground.note("broker", "dies")
        self.is_up = False
        self._life += 1
        self._lights.clear()

    def start(self, *, emptied: bool) -> None:
        """Come back with what was saved, if that was not `emptied`."""
        if not self.is_up:
            self._ground.note("broker", f"starts{', emptied' if emptied else ''}")
            self.is_up = True
            kept, kept_sets = ({}, {}) if emptied else self._saved
            self.kept, self._kept_sets = dict(kept), dict(kept_sets)

    def _save(self) -> None:
        if self.is_up:
            self._saved = (dict(self.kept), dict(self._kept_sets))
        self._ground.event_queue.after(SAVES_EACH, self._save)

    def greet(self, light: Listener) -> None:
        """A light has joined: it hears what was kept for it. Whoever had its name has lost the link."""
        before = self._lights.get(light.name)
        if before is not None and before is not light and before.linked:
            before.lose_link()
            before.join_later()
        self._lights[light.name] = light
        kept = self._kept_sets.get(light.name)
        if kept is not None:
            self._ground.network.throw(light.to_it, lambda: light.hear(kept, is_retained=True, is_fresh=False))

    def publish_online(self, light: Listener) -> None:
        """A light says that it is there."""
        topic = AVAILABILITY.format(light=light.name)
        self._ground.network.stream(light.from_it, lambda: self._take(topic, b"online"))

    def deny(self, name: str, payload: bytes) -> None:
        """A bridge says that a light is offline, or empties what is kept of that; the light hears it if it is there."""
        self._take(AVAILABILITY.format(light=name), payload)
        light = self._lights.get(name)
        if light is not None and self.is_up:
            self._ground.network.stream(light.to_it, light.hear_denial)

    def says(self, light: str) -> bytes:
        """What Home Assistant reads of a light's availability; empty: nothing is kept."""
        return self.kept.get(AVAILABILITY.format(light=light), b"")

    def publish_report(self, light: Listener, report: bytes) -> None:
        """A light reports."""
        self._publish(light, STATE.format(light=light.name), report)

    def bury(self, light: Listener) -> None:
        """A light went without a word: its will is told after a while, by whom it had joined."""
        topic, life = AVAILABILITY.format(light=light.name), self._life
        self._ground.event_queue.after(
            WILL_AFTER, lambda: None if light.linked or life != self._life else self._take(topic, b"offline")
        )

    def forget(self, name: str) -> None:
        """Somebody empties what is kept of a light."""
        self._take(STATE.format(light=name), b"")
        self.deny(name, b"")

    def publish_set(self, name: str, message: bytes, *, retain: bool = False) -> None:
        """A set message comes in. One that is retained reaches whoever is there as if it were not."""
        if not self.is_up:
            return
        if retain:
            self._kept_sets[name] = message
        light = self._lights.get(name)
        if light is not None:
            self._ground.network.throw(light.to_it, lambda: light.hear(message, is_retained=False))

    def _publish(self, light: Listener, topic: str, payload: bytes) -> None:
        self._ground.network.throw(light.from_it, lambda: self._take(topic, payload))

    def _take(self, topic: str, payload: bytes) -> None:
        if not self.is_up:
            return
        if payload:
            self.kept[topic] = payload
        else:
            self.kept.pop(topic, None)
        for deliver in self.bridges:
            deliver(topic, payload)
