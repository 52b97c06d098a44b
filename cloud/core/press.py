"""One press's life at the bridge, from the phone's first frame to the last word.

Pure: an event and the time (ns, monotonic) go in, actions come out, to be carried out in that order. docs/protocol.md,
"The words", has each status, and when it is true.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar

from presslight.cloud.core.actions import Action, Admit, Close, Publish, Reply, Sync, Tell
from presslight.cloud.core.events import (
    Acked,
    Asked,
    AskedAgain,
    BootOver,
    BoundPassed,
    BrokerFound,
    Decided,
    Event,
    Heard,
    LightForgotten,
    OnDisk,
    Published,
    Reborn,
)
from presslight.cloud.core.legs import Stamps
from presslight.cloud.core.record import Order, Record
from presslight.cloud.errors import IllegalMove
from presslight.contract.phone import Legs, PressOutcome
from presslight.contract.words import Moment, Outcome, PressStatus, Reason, Version

NUDGE_NS = 5 * 10**9
"""How long after it was last asked a light that reports without answering is asked again."""


class State(Enum):
    """State of a press at the bridge."""

    NEW = "new"
    """Nothing is stored, nothing was sent."""
    STORED = "stored"
    """Stored, perhaps not on the disk yet: a power cut may take it back, so nobody may act on it or hear of it."""
    OPEN = "open"
    """Stored and published: the light may act."""
    UNCONFIRMED = "unconfirmed"
    """The light's clock is past the deadline: it cannot act any more; whether it did is not known yet."""
    CLOSED = "closed"
    """The last word is said."""


MOVES: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.STORED, State.OPEN}),
    State.STORED: frozenset({State.OPEN, State.CLOSED}),
    State.OPEN: frozenset({State.UNCONFIRMED, State.CLOSED}),
    State.UNCONFIRMED: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


REFUSALS: dict[Outcome, Reason] = {
    Outcome.LATE: Reason.LATE,
    Outcome.SUPERSEDED: Reason.SUPERSEDED,
    Outcome.PRECONDITION: Reason.PRECONDITION,
    Outcome.INVALID: Reason.INVALID,
}


class Press:
    """One press. `followed`: every answer the light gives from the first publication on is sure to be seen."""

    __slots__ = (
        "_busy", "_followed", "_pushed", "_quiet_until", "_state",
        "legs", "order", "reason", "stamps", "status", "version",
    )  # fmt: skip

    def __init__(self, order: Order, *, followed: bool, stamps: Stamps | None) -> None:
        self.order = order
        self.status = PressStatus.ACCEPTED
        self.reason: Reason | None = None
        self.version: Version | None = None
        self.legs: Legs | None = None
        self.stamps = stamps
        self._state = State.NEW
        self._followed = followed
        self._busy = False
        self._pushed: int | None = None
        self._quiet_until = 0

    @classmethod
    def recalled(cls, record: Record, quiet_until: int = 0, *, on_disk: bool = True) -> "Press":
        """A press from the store, of an earlier life or of a replica: what the light answered is not known.

        Up to `quiet_until`, nothing makes it act until somebody asks for it again: who asked may have been told that it
        was not taken, where the store's answer was lost.
        """
        moment = Moment(boot=record.boot, up=record.up)
        order = Order(record.key, record.light, record.phone, record.payload, record.message, moment)
        press = cls(order, followed=False, stamps=None)
        press._quiet_until = quiet_until
        press._move_to(State.STORED if record.status.final or not on_disk else State.OPEN)
        if record.status.final and on_disk:
            press._move_to(State.CLOSED)
        press.status, press.reason = record.status, record.reason
        press.version, press.legs = record.version, record.legs
        return press

    @property
    def state(self) -> State:
        """Its state."""
        return self._state

    def record(self) -> Record:
        """Its record, for the store."""
        order = self.order
        return Record(
            order.key, order.light, order.phone, order.payload, order.message, order.not_after.boot,
            order.not_after.up, self.status, self.reason, self.version, self.legs,
        )  # fmt: skip

    def outcome(self) -> PressOutcome:
        """Its status, as a frame."""
        return PressOutcome(
            key=self.order.key,
            light=self.order.light,
            status=self.status,
            final=self.status.final,
            reason=self.reason,
            version=self.version,
            legs=self.legs,
        )

    def on_event(self, event: Event, now: int) -> tuple[Action, ...]:
        """Take in what happened at `now`; answer what to do. Raises IllegalMove."""
        step = self._TABLE[self._state].get(type(event))
        if step is None:
            raise IllegalMove(f"a press that is {self._state.value} cannot take {event}")
        actions = step(self, event, now)
        if self._state is State.OPEN and now < self._quiet_until:
            actions = tuple(action for action in actions if not isinstance(action, Publish))
        if any(isinstance(action, Publish) for action in actions):
            self._pushed = now
        return actions

    def _publication(self) -> Publish:
        return Publish(self.order.light, self.order.message)

    def _asked(self, event: Asked, _now: int) -> tuple[Action, ...]:
        """Store it. Where its light refuses it anyhow if it comes once more, nothing waits for the disk."""
        if event.new and not (event.broker and event.light):
            self.status = PressStatus.OFFLINE
            self.reason = Reason.LIGHT_OFFLINE if event.broker else Reason.BROKER_AWAY
        elif event.dated:
            self._move_to(State.OPEN)
            return (Admit(self.record()), self._publication(), Tell(self.outcome()))
        self._move_to(State.STORED)
        return (Admit(self.record()), Sync())

    def _on_disk(self, _event: OnDisk, _now: int) -> tuple[Action, ...]:
        if self.status.final:
            return self._close(self.status, self.reason)
        self._move_to(State.OPEN)
        return (self._publication(), Tell(self.outcome()))

    def _wait_for_disk(self, _event: Event, _now: int) -> tuple[Action, ...]:
        """Wait for the disk: nobody has heard of it yet, and what was missed the light tells when it is sent."""
        return ()

    def _push_and_answer(self, _event: AskedAgain, _now: int) -> tuple[Action, ...]:
        self._quiet_until = 0
        return (self._publication(), Reply(self.outcome()))

    def _reply(self, _event: AskedAgain, _now: int) -> tuple[Action, ...]:
        return (Reply(self.outcome()),)

    def _push(self, _event: Reborn | BrokerFound, _now: int) -> tuple[Action, ...]:
        return (self._publication(),)

    def _published(self, _event: Published, now: int) -> tuple[Action, ...]:
        if self.stamps is not None and self.stamps.published is None:
            self.stamps.published = now
        return ()

    def _acked(self, _event: Acked, now: int) -> tuple[Action, ...]:
        if self.stamps is not None and self.stamps.acked is None:
            self.stamps.acked = now
        return ()

    def _decided(self, event: Decided, now: int) -> tuple[Action, ...]:
        match event.outcome:
            case Outcome.BUSY:
                self._busy = True
                return self._nudge(now, waits=self._state is State.OPEN)
            case Outcome.APPLIED:
                self.version = event.version
                self.legs = self.stamps.legs(now, event.us) if self.stamps else None
                return self._close(PressStatus.APPLIED)
            case Outcome.FORGOTTEN:
                return self._close(PressStatus.FORGOTTEN)
            case Outcome.REBOOTED:
                return self._close(PressStatus.LOST_IN_REBOOT)
            case Outcome.LATE if self._busy:
                return self._close(PressStatus.REFUSED, Reason.BUSY)
            case refusal:
                return self._close(PressStatus.REFUSED, REFUSALS[refusal])

    def _no_decision(self, event: Heard, now: int) -> tuple[Action, ...]:
        """No decision on this key in a report: past the deadline that settles it, if no answer was missed."""
        same = event.boot == self.order.not_after.boot
        self._followed = self._followed and not (same and event.missed)
        if same and event.up > self.order.not_after.up:
            if self._followed and not self._busy:
                return self._close(PressStatus.NOT_APPLIED)
            if self._state is State.OPEN:
                return self._too_late(BoundPassed(), now)
        return self._nudge(now, waits=same and self._state is State.OPEN)

    def _nudge(self, now: int, *, waits: bool) -> tuple[Action, ...]:
        """Ask again where nothing else will: past the deadline, or with a deadline on a clock not known here."""
        rested = self._pushed is None or now - self._pushed >= NUDGE_NS
        return (self._publication(),) if rested and not waits else ()

    def _too_late(self, _event: BoundPassed, _now: int) -> tuple[Action, ...]:
        self._move_to(State.UNCONFIRMED)
        self.status = PressStatus.UNCONFIRMED
        return (self._publication(), Tell(self.outcome()))

    def _lost(self, _event: BootOver, _now: int) -> tuple[Action, ...]:
        return self._close(PressStatus.LOST_IN_REBOOT)

    def _forgotten(self, _event: LightForgotten, _now: int) -> tuple[Action, ...]:
        return self._close(PressStatus.FORGOTTEN)

    def _close(self, status: PressStatus, reason: Reason | None = None) -> tuple[Action, ...]:
        self._move_to(State.CLOSED)
        self.status, self.reason = status, reason
        return (Tell(self.outcome()), Close(self.record()))

    def _move_to(self, state: State) -> None:
        if state not in MOVES[self._state]:
            raise IllegalMove(f"a press cannot go from {self._state.value} to {state.value}")
        self._state = state

    _TABLE: ClassVar[Mapping[State, Mapping[type[Event], Callable[..., tuple[Action, ...]]]]] = {
        State.NEW: {Asked: _asked},
        State.STORED: {
            OnDisk: _on_disk,
            AskedAgain: _wait_for_disk,
            Acked: _wait_for_disk,
            Decided: _wait_for_disk,
            Heard: _wait_for_disk,
            BoundPassed: _wait_for_disk,
            BootOver: _wait_for_disk,
            LightForgotten: _wait_for_disk,
            Reborn: _wait_for_disk,
            BrokerFound: _wait_for_disk,
        },
        State.OPEN: {
            AskedAgain: _push_and_answer,
            Published: _published,
            Acked: _acked,
            Decided: _decided,
            Heard: _no_decision,
            BoundPassed: _too_late,
            BootOver: _lost,
            LightForgotten: _forgotten,
            Reborn: _push,
            BrokerFound: _push,
        },
        State.UNCONFIRMED: {
            AskedAgain: _push_and_answer,
            Published: _published,
            Acked: _acked,
            Decided: _decided,
            Heard: _no_decision,
            BootOver: _lost,
            LightForgotten: _forgotten,
            Reborn: _push,
            BrokerFound: _push,
        },
        State.CLOSED: {AskedAgain: _reply},
    }
    """The events that a press takes in each state; any other is a defect of the bridge."""
