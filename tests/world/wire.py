"""One WebSocket of the world: an ordered stream each way, until it is torn."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from presslight.cloud.websocket.session import Session
from tests.world.bridge_process import BridgeProcess
from tests.world.event_queue import MS, S
from tests.world.ground import Ground
from tests.world.network import Way


class End(Protocol):
    """The bridge at the other end. `life`: None while it is down."""

    name: str
    life: BridgeProcess | None

    def do(self, call: Callable[[], None], *, first: bool = False) -> None:
        """Let it work, unless it dies of that; `first`: before what else waits for it."""

    def forget(self, wire: "Wire") -> None:
        """The wire is no more."""


class Wire:
    """One WebSocket: an ordered stream each way, until it is torn; each end learns of that in its own time."""

    def __init__(self, ground: Ground, bridge: End, hear: Callable[[str], None], lost: Callable[[], None]) -> None:
        self.bridge = bridge
        self._ground = ground
        self._life = bridge.life
        self._hear = hear
        self._lost = lost
        self._there = Way()
        self._back = Way()
        self._torn = False
        life = self._life
        assert life is not None
        self._session = Session(life, self._flush, life.now())

    def send(self, text: str) -> None:
        """The phone sends a frame."""
        self._ground.network.stream(self._there, lambda: self._arrive(text))

    def _arrive(self, text: str) -> None:
        life = self._life
        if not self._torn and life is not None and self.bridge.life is life:
            self.bridge.do(lambda: self._session.on_text(text, life.now()))

    def _flush(self, urgent: bool) -> None:
        for text in self._session.outbox.take_frames(1_000):
            self._ground.network.stream(self._back, partial(self._reach, text))

    def _reach(self, text: str) -> None:
        if not self._torn:
            self._hear(text)

    def cut(self, ns: int, *, there: bool, back: bool) -> None:
        """Let nothing through for so long, one way or both; it comes later."""
        self._ground.note(
            self.bridge.name, f"has a wire cut for {ns // MS} ms, {'both ways' if there and back else 'one way'}"
        )
        opens = self._ground.event_queue.now + ns
        for way in [self._there] * there + [self._back] * back:
            way.opens = max(way.opens, opens)

    def tear(self) -> None:
        """It breaks; what is under way is lost."""
        if self._torn:
            return
        self._torn = True
        self._ground.note(self.bridge.name, "loses a wire")
        self.bridge.forget(self)
        dice, event_queue = self._ground.dice, self._ground.event_queue
        event_queue.after(dice.randint(0, 5 * S), self._lost)
        event_queue.after(dice.randint(0, 20 * S), self._gone)

    def hang_up(self) -> None:
        """The phone is gone; the bridge learns of it."""
        if not self._torn:
            self._torn = True
            self.bridge.forget(self)
            self._ground.event_queue.after(self._ground.dice.randint(0, 20 * S), self._gone)

    def _gone(self) -> None:
        if self.bridge.life is self._life:
            self.bridge.do(self._session.on_closed)
