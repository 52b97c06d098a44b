"""A phone in the world: the real rules of presses and screen, on a journal that outlives a kill, even in a write."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import assert_never

from pydantic import BaseModel

from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask
from presslight.contract import phone as frames
from presslight.contract.light import WishFields
from presslight.contract.phone import (
    BridgeFrame,
    BrokerStatus,
    LightChanged,
    LightGone,
    Ping,
    Pong,
    PressOutcome,
    Problem,
    Welcome,
)
from presslight.contract.phone_codec import decode_bridge_frame, encode
from presslight.contract.words import WIRE_VERSION, Version
from presslight.mobile_sim import journal_state
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.journal import Journal
from presslight.mobile_sim.journal_state import Done, Head, JournalState, Kept
from presslight.mobile_sim.presses import Presses
from presslight.mobile_sim.screen import Screen
from tests.world.bridge import Bridge
from tests.world.event_queue import MS, Clock, Entry, S
from tests.world.ground import Ground
from tests.world.network import Way
from tests.world.suspension import Suspension
from tests.world.wire import Wire

SLOWEST_RETRY = 2 * S
RTT_MS = 50

_decode = lru_cache(maxsize=256)(decode_bridge_frame)  # all phones are told the same of a light


class Killed(Exception):
    """The phone was killed in the middle of a write."""


class Disk:
    """What outlives a kill. `tear`: how much of the next line is written before the phone dies of it."""

    def __init__(self) -> None:
        self.content = b""
        self.tear: float | None = None


class FakeJournal(Journal):
    """The journal, on a disk of the world's."""

    def __init__(self, disk: Disk, new_origin: Callable[[], str]) -> None:
        super().__init__()
        self._disk = disk
        self._new_origin = new_origin

    def _read(self) -> JournalState:
        if not self._disk.content:
            return JournalState(self._new_origin(), 0, {})
        found = journal_state.read(self._disk.content)
        assert not found.unreadable
        return found

    def _take_block(self) -> None:
        super()._take_block()
        head = Head(origin=self._state.origin, upto=self._state.upto, latest=self._state.latest)
        self._disk.content = b"".join([journal_state.line(head), *map(journal_state.line, self._state.open.values())])

    def _append(self, entry: Kept | Done) -> None:
        text = journal_state.line(entry)
        if self._disk.tear is not None and isinstance(entry, Kept):
            self._disk.content += text[: int(self._disk.tear * len(text))]
            self._disk.tear = None
            raise Killed
        self._disk.content += text


class App:
    """One life of the app: everything that a kill takes. It is the presses' clock, too. `suspension`: its sleep."""

    def __init__(self, ground: Ground, bridges: list[Bridge], handset: "Handset") -> None:
        self.is_over = False
        self.wire: Wire | None = None
        self.suspension = Suspension(ground.event_queue)
        self._ground = ground
        self._bridges = bridges
        self._handset = handset
        self._clock = handset.clock
        journal = FakeJournal(handset.disk, lambda: f"{ground.dice.getrandbits(64):016x}")
        self.screen = Screen(self.now())
        self.presses = Presses(journal, self.send, self)
        self.presses.restore(journal.open())
        for flight in self.presses.open:
            self._listen(flight)
        self._linked = False

    # Its clocks

    def now(self) -> float:
        """See presslight.mobile_sim.clock.Time."""
        return self._clock.now() / MS

    def wall(self) -> int:
        """See presslight.mobile_sim.clock.Time."""
        return max(1, int(self.now()) + self._handset.wall_ahead_ms)

    def call_at(self, at: float, call: Callable[[], None]) -> Entry:
        """See presslight.mobile_sim.clock.Time."""
        return self._ground.event_queue.at(self._clock.when(int(at * MS) + 1), lambda: self._do(call))

    def _do(self, call: Callable[[], None]) -> None:
        """Do something in this life, once the phone is awake."""
        self.suspension.do(partial(self._live, call))

    def _live(self, call: Callable[[], None]) -> None:
        if not self.is_over:
            call()

    def sleep(self, ns: int, *, counts: bool) -> None:
        """Sleep, its clock counting on or standing still."""
        self._ground.note(self._handset.name, f"sleeps for {ns // MS} ms")
        self.suspension.start(ns)
        if not counts:
            self._clock.pause(ns)

    def wake(self) -> None:
        """Wake, if it sleeps."""
        self._clock.resume()
        self.suspension.end()

    # The link

    def connect(self) -> None:
        """Find a bridge that is up."""
        if self.is_over or self.wire is not None:
            return
        up = [bridge for bridge in self._bridges if bridge.life is not None]
        if not up:
            self._retry()
            return
        self.wire = self._ground.dice.choice(up).connect(self._hear, self._lost)
        hello = frames.Hello(type="hello", versions=(WIRE_VERSION,), token=self._handset.name, have=self.screen.have())
        self.wire.send(encode(hello))

    def _retry(self) -> None:
        self._ground.event_queue.after(self._ground.dice.randint(0, SLOWEST_RETRY), lambda: self._do(self.connect))

    def _lost(self) -> None:
        self._do(self._unlink)

    def _unlink(self) -> None:
        self._ground.note(self._handset.name, "has lost its bridge")
        self.wire, self._linked = None, False
        self.screen.link(False, self.now())
        self.presses.link_down()
        self._retry()

    def send(self, frame: BaseModel, *, hedge: bool = False) -> None:
        """Send a frame: on the wire, or a hedge by HTTP to any bridge."""
        if hedge and isinstance(frame, frames.Press):
            self._post(frame)
        elif self.wire is not None and self._linked:
            self.wire.send(encode(frame))

    def _post(self, press: frames.Press) -> None:
        network, way = self._ground.network, self._handset.way
        bridge = self._ground.dice.choice(self._bridges)
        asker = Principal(self._handset.name)
        ask = Ask(press.key, press.light, asker, press.set, press.if_ver, press.not_after, press.patience_ms)

        def answer(status: PressOutcome | Problem) -> None:
            network.post(way, lambda: self._do(lambda: self._take(status)))

        network.post(way, lambda: bridge.post(ask, answer))

    def _hear(self, text: str) -> None:
        self._do(lambda: self._take(_decode(text)))

    def _take(self, frame: BridgeFrame) -> None:
        match frame:
            case Welcome():
                self._welcomed(frame)
            case LightChanged(light=view):
                self._show(view)
            case LightGone(light=name):
                self._take_away(name)
            case BrokerStatus(connected=reached):
                self.screen.broker_is(reached, self.now())
            case PressOutcome():
                self.presses.outcome(frame)
            case Problem():
                self.presses.problem(frame)
            case Ping() | Pong():
                pass  # the connection answers those
            case _:
                assert_never(frame)

    def _welcomed(self, welcome: Welcome) -> None:
        self._ground.note(self._handset.name, "is welcome")
        self._linked = True
        self.screen.link(True, self.now())
        for name in welcome.gone:
            self._take_away(name)
        for view in welcome.lights:
            self._greet(view)
        for clock in welcome.clocks:
            if self.screen.hear_clock(clock, self.now()):
                self.presses.clock_heard(self.screen.lights[clock.id])
        self.screen.broker_is(welcome.broker, self.now())
        self.presses.link_up(RTT_MS)

    def _take_away(self, name: str) -> None:
        self._ground.note(self._handset.name, f"takes {name} away")
        self._ground.judge.took_away(self._handset.name, name)
        self.screen.take_away(name)

    def _greet(self, view: frames.View) -> None:
        self._ground.judge.told_of(view.id, view.version, view.change)
        self.screen.greet(view, self.now())
        self._showed(view)

    def _show(self, view: frames.View) -> None:
        change = view.change
        self._ground.judge.told_of(view.id, view.version, change)
        if self.screen.show(view, self.now()) and change is not None:
            self._ground.note(self._handset.name, f"shows {view.id} as changed by {change.phone or change.by}")
        self._showed(view)

    def _showed(self, view: frames.View) -> None:
        shown = self.screen.lights[view.id]
        self._ground.judge.shows(self._handset.name, view.id, shown.version)
        self.presses.clock_heard(shown)

    # The finger

    def press(self, light: str, wish: WishFields, patience_ms: int, if_ver: Version | None) -> None:
        """A finger comes down, on a light that is on the screen, and wakes the phone."""
        self.wake()
        if light not in self.screen.lights:  # it was forgotten while the phone slept
            return
        flight = self.presses.begin(self.screen.lights[light], wish, if_ver, patience_ms, self.now())
        key, moment = flight.frame.key, flight.frame.not_after
        assert moment is not None
        self._ground.judge.pressed(self._handset.name, light, key, patience_ms, moment.boot)
        self._ground.note(self._handset.name, f"presses {light} {wish} as {key} until {moment.up}")
        self._listen(flight)
        try:
            self.presses.start(flight, RTT_MS if self._linked else None)
        except Killed:
            self._ground.judge.never_made(key)
            self._handset.kill()

    def _listen(self, flight: InFlightPress) -> None:
        flight.on_status = partial(self._said, flight.frame.key)

    def _said(self, key: str, status: PhoneStatus) -> None:
        self._ground.note(self._handset.name, f"says {status} of {key}")
        self._ground.said(key, status.value, self._handset.name)
        if status.final:
            self._ground.judge.last_word(key, self._handset.name)


class Handset:
    """One phone install: its clocks, its disk, and a life while the app runs."""

    def __init__(self, ground: Ground, bridges: list[Bridge], name: str) -> None:
        self.name = name
        self.disk = Disk()
        self.way = Way()
        self.clock = Clock(ground.event_queue, ground.dice.randint(-500, 500), ground.dice.randint(1, 10**6) * S)
        self.wall_ahead_ms = 0
        self.life: App | None = None
        self._ground = ground
        self._bridges = bridges

    def open(self) -> None:
        """Open the app, where it is closed."""
        if self.life is None:
            self._ground.note(self.name, "is opened")
            self._ground.judge.reopened(self.name)
            self.life = App(self._ground, self._bridges, self)
            self.life.connect()

    def wake(self) -> None:
        """Wake it, if it is open."""
        if self.life is not None:
            self.life.wake()

    def kill(self) -> None:
        """Kill the app."""
        life, self.life = self.life, None
        if life is not None:
            self._ground.note(self.name, "is killed")
            life.is_over = True
            life.suspension.die()
            self.clock.resume()
            if life.wire is not None:
                life.wire.hang_up()
