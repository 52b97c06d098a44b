"""The network: loses, repeats, delays and reorders, and is cut, one way or both."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.world.event_queue import MS, EventQueue, S

LONGEST_DELAY = 30 * S


@dataclass(frozen=True)
class Weather:
    """How bad it is. `loss`, `repeat`, `stall`: how likely it is that a message is lost, repeated, held up for long."""

    loss: float
    repeat: float
    stall: float


FAIR = Weather(0, 0, 0)


class Way:
    """One direction between two parts. Nothing passes before `opens` (true time)."""

    def __init__(self) -> None:
        self.opens = 0
        self.newest = 0  # when the newest of an ordered stream arrives


class Network:
    """Carries messages. `dice` decides on each, so a seed's network always does the same."""

    def __init__(self, event_queue: EventQueue, dice: random.Random, weather: Weather) -> None:
        self._event_queue = event_queue
        self._dice = dice
        self.weather = weather

    def throw(self, way: Way, deliver: Callable[[], None]) -> None:
        """Carry a message for which nobody vouches: it comes once, twice or never, and in any order."""
        weather = self.weather
        for _ in range(2 if self._dice.random() < weather.repeat else 1):
            now = self._event_queue.now
            if self._dice.random() >= weather.loss and (way.opens <= now or self._dice.random() < 0.5):
                self._event_queue.at(max(way.opens, now) + self.delay(), deliver)

    def post(self, way: Way, deliver: Callable[[], None]) -> None:
        """Carry a message of a short connection of its own: it comes once, or never."""
        if self._dice.random() >= self.weather.loss:
            self._event_queue.at(max(way.opens, self._event_queue.now) + self.delay(), deliver)

    def stream(self, way: Way, deliver: Callable[[], None]) -> None:
        """Carry a message of an ordered stream: it comes once, and after those before it."""
        way.newest = max(way.newest, max(way.opens, self._event_queue.now) + self.delay())
        self._event_queue.at(way.newest, deliver)

    def delay(self) -> int:
        """Draw how long a message takes, in ns."""
        chance = self._dice.random()
        if chance < self.weather.stall:
            return int(self._dice.random() ** 3 * LONGEST_DELAY)
        if chance < 0.1:
            return int(self._dice.expovariate(1 / 300) * MS)
        return int(self._dice.random() * 40 * MS)
