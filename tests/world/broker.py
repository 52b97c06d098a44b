"""The broker: keeps what is retained, tells who is there, and passes messages on over a bad network."""

from collections.abc import Callable
from typing import Protocol

from contract.topics import AVAILABILITY, STATE
from tests.world.agenda import S
from tests.world.ground import Ground
from tests.world.network import Way

WILL_AFTER = 6 * S


class Listener(Protocol):
    """A light, as the broker sees it."""

    name: str
    linked: bool
    to_it: Way
    from_it: Way

    def hear(self, message: bytes, *, is_retained: bool, is_fresh: bool = True) -> None:
        """A set message arrives."""


class Broker:
    """One broker that never dies itself. `kept`: what is retained of lights, by topic; `bridges`: who hears of them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lights: dict[str, Listener] = {}
        self._kept_sets: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.bridges: list[Callable[[str, bytes], None]] = []

    def greet(self, light: Listener) -> None:
        """A light has joined: it hears what was kept for it, and all hear that it is there."""
        self._lights[light.name] = light
        kept = self._kept_sets.get(light.name)
        if kept is not None:
            self._ground.network.throw(light.to_it, lambda: light.hear(kept, is_retained=True, is_fresh=False))
        self._publish(light, AVAILABILITY.format(light=light.name), b"online")

    def publish_report(self, light: Listener, report: bytes) -> None:
        """A light reports."""
        self._publish(light, STATE.format(light=light.name), report)

    def bury(self, light: Listener) -> None:
        """A light went without a word: its will is told after a while."""
        topic = AVAILABILITY.format(light=light.name)
        self._ground.agenda.after(WILL_AFTER, lambda: None if light.linked else self._take(topic, b"offline"))

    def publish_set(self, name: str, message: bytes, *, retain: bool = False) -> None:
        """A set message comes in. One that is retained reaches whoever is there as if it were not."""
        if retain:
            self._kept_sets[name] = message
        light = self._lights.get(name)
        if light is not None:
            self._ground.network.throw(light.to_it, lambda: light.hear(message, is_retained=False))

    def _publish(self, light: Listener, topic: str, payload: bytes) -> None:
        self._ground.network.throw(light.from_it, lambda: self._take(topic, payload))

    def _take(self, topic: str, payload: bytes) -> None:
        self.kept[topic] = payload
        for deliver in self.bridges:
            deliver(topic, payload)
