"""What all parts of a world stand on: time, chance, the network, the store, the judge, and the timeline."""

import random
from collections.abc import Callable

from tests.world.event_queue import EventQueue
from tests.world.fake_store import FakeDatabase
from tests.world.judge import Judge
from tests.world.network import Network, Weather


class Ground:
    """The same `dice` and the same calls live the same life. `timeline`: who said what when, if it is wanted.

    `excuse`: why it may be that a word on a key cannot tell whether it acted; empty: it should be able to.
    """

    def __init__(
        self,
        dice: random.Random,
        weather: Weather,
        timeline: list[str] | None,
        excuse: Callable[[str, str], str],
    ) -> None:
        self.dice = dice
        self.event_queue = EventQueue()
        self.network = Network(self.event_queue, dice, weather)
        self.judge = Judge(lambda: self.event_queue.now)
        self.database = FakeDatabase()
        self.timeline = timeline
        self._excuse = excuse

    def note(self, who: str, what: str) -> None:
        """Write a line of the timeline."""
        if self.timeline is not None:
            self.timeline.append(f"{self.event_queue.now / 1e9:9.3f} s  {who:9} {what}")

    def said(self, key: str, status: str, who: str) -> None:
        """Somebody says a word on a press, which the judge hears."""
        self.judge.said(key, status, who, self._excuse(key, status))
