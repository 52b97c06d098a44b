"""A bridge in the world: it crashes and comes back, loses its broker and finds it again."""

from collections.abc import Callable
from functools import partial

from presslight.cloud.core.record import Ask
from presslight.cloud.errors import Refusal
from presslight.contract.errors import MEANINGS
from presslight.contract.phone import PressOutcome, Problem
from tests.world.bridge_process import BridgeProcess, Crash
from tests.world.broker import Broker
from tests.world.event_queue import MS, S
from tests.world.ground import Ground
from tests.world.network import Way
from tests.world.suspension import Suspension
from tests.world.wire import Wire

NOTICES_BROKER = 2 * S
CANARY_EACH = 2 * S
TRIES_BROKER_EACH = 2 * S


class Bridge:
    """One bridge process: `life` is None while it is down. `linked`: messages pass between it and the broker.
    `suspension`: of this life.

    `deaf_until`: up to this true time the store's answers do not reach it.
    """

    def __init__(self, ground: Ground, broker: Broker, name: str) -> None:
        self.name = name
        self.life: BridgeProcess | None = None
        self.linked = False
        self.deaf_until = 0
        self.suspension = Suspension(ground.event_queue)
        self._from_broker = Way()
        self._outages = 0
        self.wires: list[Wire] = []
        self._ground = ground
        self._broker = broker
        broker.bridges.append(self.deliver)

    def start(self) -> None:
        """Start, where it is down, with what the store and the broker have kept."""
        if self.life is None:
            self._ground.note(self.name, "starts")
            self.suspension = Suspension(self._ground.event_queue)
            self.life = BridgeProcess(self._ground, self._broker, self)
            self.find_broker()

    def crash(self) -> None:
        """Die without a word."""
        if self.life is not None:
            self._ground.note(self.name, "crashes")
            self.life.end()
            self.suspension.die()
            self.life = None
            self.linked = False
            self._outages += 1
            for wire in list(self.wires):
                wire.tear()

    def spare(self) -> None:
        """It is to die of nothing any more."""
        self.deaf_until = 0
        if self.life is not None:
            self.life.crash_at = None

    def stand_still(self, ns: int) -> None:
        """Do nothing for a while, and then all that came meanwhile."""
        self._ground.note(self.name, f"stands still for {ns // MS} ms")
        self.suspension.start(ns)

    def do(self, call: Callable[[], None], *, first: bool = False) -> None:
        """Let it work, unless it dies of that, once it does not stand still: then in order, or `first` of all."""
        self.suspension.do(partial(self._work, call), first=first)

    def _work(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Crash:
            self.crash()

    # The broker

    def lose_broker(self) -> None:
        """Nothing passes any more; it is noticed a little later."""
        self.linked = False
        self._outages += 1
        outage = self._outages
        wait = self._ground.dice.randint(0, NOTICES_BROKER)
        self._ground.event_queue.after(wait, lambda: self._notice() if outage == self._outages else None)

    def _notice(self) -> None:
        if self.life is not None and not self.linked:
            life = self.life
            self._ground.note(self.name, "has lost the broker")
            self.do(lambda: life.presses.on_broker(found=False, now=life.now()))

    def find_broker(self) -> None:
        """Connect: what the broker has kept comes first. Where there is no broker, try again."""
        life = self.life
        if life is None or self.linked:
            return
        if not self._broker.is_up:
            self._ground.event_queue.after(self._ground.dice.randint(0, TRIES_BROKER_EACH), self.find_broker)
            return
        self.linked = True
        self._outages += 1
        self.do(lambda: life.presses.on_broker(found=False, now=life.now()))
        for topic, payload in sorted(self._broker.kept.items()):
            self._take(life, topic, payload, retained=True)
        if self.life is life:
            self._ground.note(self.name, "has found the broker")
            self._hear_canary(life, self._outages)

    def _hear_canary(self, life: BridgeProcess, outages: int) -> None:
        """Know again and again that the broker delivers."""
        if self.life is life and self._outages == outages:
            self.do(lambda: life.presses.on_broker(found=True, now=life.now()))
            self._ground.event_queue.after(CANARY_EACH, lambda: self._hear_canary(life, outages))

    def deliver(self, topic: str, payload: bytes) -> None:
        """The broker has something for this bridge."""
        life = self.life
        if life is not None and self.linked:
            self._ground.network.throw(self._from_broker, partial(self._take, life, topic, payload, retained=False))

    def _take(self, life: BridgeProcess, topic: str, payload: bytes, *, retained: bool) -> None:
        if self.life is life and self.linked:
            self.do(lambda: life.inbox.receive(topic, payload, life.now(), retained=retained))

    def forget_light(self, name: str) -> None:
        """It has read in the store that a light is to be forgotten."""
        life = self.life
        if life is not None:
            self.do(lambda: self._forget_light(life, name))

    def _forget_light(self, life: BridgeProcess, name: str) -> None:
        self._ground.judge.forgot(name)
        life.presses.forget(name, life.now())

    # Phones

    def connect(self, hear: Callable[[str], None], lost: Callable[[], None]) -> Wire:
        """A phone opens a WebSocket. The bridge must be up."""
        wire = Wire(self._ground, self, hear, lost)
        self.wires.append(wire)
        return wire

    def forget(self, wire: Wire) -> None:
        """The wire is no more."""
        self.wires.remove(wire)

    # A press by HTTP

    def post(self, ask: Ask, answer: Callable[[PressOutcome | Problem], None]) -> None:
        """A press comes on a path of its own; `answer` carries the words back."""
        life = self.life
        if life is not None:
            self.do(lambda: self._post(life, ask, answer))

    def _post(self, life: BridgeProcess, ask: Ask, answer: Callable[[PressOutcome | Problem], None]) -> None:
        try:
            life.presses.ask(ask, HttpListener(answer), life.now())
        except Refusal as refusal:
            meaning = MEANINGS[refusal.code]
            life.on_error_sent(refusal.code, ask.phone, ask.key, str(refusal))
            answer(Problem(code=refusal.code, message=str(refusal), retry=meaning.retry, key=ask.key))


class HttpListener:
    """Listener of a press that came by HTTP: answers each status."""

    def __init__(self, answer: Callable[[PressOutcome | Problem], None]) -> None:
        self._answer = answer

    def on_outcome(self, outcome: PressOutcome, text: str) -> None:
        """See `presslight.cloud.core.ports.OutcomeListener`."""
        self._answer(outcome)

    def on_refusal(self, key: str, refusal: Refusal) -> None:
        """See `presslight.cloud.core.ports.OutcomeListener`."""
        meaning = MEANINGS[refusal.code]
        self._answer(Problem(code=refusal.code, message=str(refusal), retry=meaning.retry, key=key))
