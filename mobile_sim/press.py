"""One press, from the finger to its last word. Pure: an event and the time go in, actions come out, in order.

All times are ms on the phone's monotonic clock. Every list of actions ends with `Wake`, unless the press has its last
word. tests/mobile_sim/press_table.json states the behaviour as sequences of events and expected actions.
"""

from enum import Enum
from math import ceil, inf
from typing import assert_never

from presslight.contract.phone_rules import ASK_AGAIN_MS, DRIFT, HEDGE_MS, HEDGE_RTTS, LONGEST_GAP_MS, REFUSALS
from presslight.contract.words import MAX_AGE_MS, PressStatus
from presslight.mobile_sim.events import (
    Action,
    DeadlineNear,
    ErrorHeard,
    Event,
    Forget,
    LinkDown,
    LinkUp,
    OutcomeHeard,
    PhoneStatus,
    Pressed,
    Say,
    Send,
    Store,
    TellShown,
    TimePassed,
    Wake,
)


class State(Enum):
    """The states of a press."""

    NEW = "new"
    """Made, and never sent."""
    ASKING = "asking"
    """Sent, no word yet."""
    ACCEPTED = "accepted"
    """The bridge has it."""
    UNCONFIRMED = "unconfirmed"
    """Too late to act from now on; whether it did is not known yet."""
    CLOSED = "closed"
    """Has its last word."""


MOVES: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.ASKING, State.CLOSED}),
    State.ASKING: frozenset({State.ACCEPTED, State.UNCONFIRMED, State.CLOSED}),
    State.ACCEPTED: frozenset({State.UNCONFIRMED, State.CLOSED}),
    State.UNCONFIRMED: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


class IllegalMove(Exception):
    """A press was moved where it cannot go: a mistake in this module."""


class Press:
    """One press.

    `at`: the moment of the finger; for a press that an earlier life of the phone had sent (`restored`), of its start.
    `lead_ms`: how far the deadline lay ahead of the phone's bound of the light's clock at the press.
    """

    def __init__(self, at: float, lead_ms: int, *, restored: bool = False) -> None:
        self._at = at
        self._state = State.ASKING if restored else State.NEW
        self._restored = restored
        self._expires = at + until_passed(lead_ms)
        self._rtt: float | None = None
        self._gap: float = HEDGE_MS
        self._next = inf  # when the next copy is due
        self._hedging = False  # whether that copy should take another path
        self._loose = int(restored)  # copies that were not answered by an error: the bridge may have taken them
        self._held = False  # the bridge has said a word: it has it
        self._refusal: str | None = None
        self._refusals = 0  # since the deadline, with no word in between

    @property
    def state(self) -> State:
        """Its present state."""
        return self._state

    def on_event(self, event: Event, now: float) -> list[Action]:
        """Take in what happened at `now`; answer what to do, in order."""
        if self._state is State.CLOSED:
            return []
        actions = self._on_status(event, now)
        actions += self._expire(now)
        actions += self._ask_if_due(now)
        return actions if self._is_closed() else [*actions, Wake(self._wake_at())]

    def _on_status(self, event: Event, now: float) -> list[Action]:
        actions: list[Action] = []
        match event:
            case Pressed(rtt_ms):
                actions = self._pressed(rtt_ms, now)
            case LinkUp(rtt_ms):
                actions = self._link_up(rtt_ms, now)
            case LinkDown():
                self._link_down()
            case OutcomeHeard(status, reason):
                actions = self._outcome(status, reason, now)
            case ErrorHeard(code, retry):
                actions = self._on_error(code, retry, now)
            case DeadlineNear(ms):
                self._expires = min(self._expires, now + ms)
            case TimePassed():
                pass
            case _:
                assert_never(event)
        return actions

    def _pressed(self, rtt_ms: float | None, now: float) -> list[Action]:
        said = [Say(PhoneStatus.WAITING)] if rtt_ms is None else self._link_up(rtt_ms, now)
        return [Store(), *said]

    def _link_up(self, rtt_ms: float, now: float) -> list[Action]:
        self._rtt = rtt_ms
        self._gap = self._first_gap()
        self._ask_at(now)
        return [Say(PhoneStatus.PENDING)] if self._state is State.NEW and now < self._expires else []

    def _link_down(self) -> None:
        self._rtt, self._next = None, inf

    def _outcome(self, status: PressStatus, reason: str | None, now: float) -> list[Action]:
        if self._state is State.NEW:
            return []  # never sent, so this is about another press
        self._held = True
        self._refusals = 0
        if status.final:
            return self._close(PhoneStatus(status), reason, now)
        if status is PressStatus.UNCONFIRMED and self._state is not State.UNCONFIRMED:
            return self._unconfirmed(now + ASK_AGAIN_MS)
        if status is PressStatus.ACCEPTED and self._state is State.ASKING:
            self._move_to(State.ACCEPTED)
            self._next = inf  # the bridge sees to it until the deadline
            return [Say(PhoneStatus.ACCEPTED)]
        return []

    def _on_error(self, code: str, retry: bool, now: float) -> list[Action]:
        if self._state is State.NEW:
            return []
        self._refusal = code
        self._loose = max(0, self._loose - 1)
        expired = now >= self._expires
        if self._never_taken() and (expired or not retry):
            return self._close(PhoneStatus.REJECTED, code, now)
        if not retry:
            self._refusals += expired
            return self._close(PhoneStatus.UNKNOWN, code, now) if self._refusals == REFUSALS else []
        self._ask_at(now + self._gap)
        return [Say(PhoneStatus.RETRYING, code)] if self._state is State.ASKING else []

    def _expire(self, now: float) -> list[Action]:
        if now < self._expires or self._state in (State.UNCONFIRMED, State.CLOSED):
            return []
        if self._state is State.NEW:
            return self._close(PhoneStatus.NOT_SENT, None, now)
        if self._never_taken():
            return self._close(PhoneStatus.REJECTED, self._refusal, now)
        return self._unconfirmed(now)

    def _unconfirmed(self, ask_at: float) -> list[Action]:
        self._move_to(State.UNCONFIRMED)
        self._gap = self._first_gap()
        self._ask_at(ask_at)
        return [Say(PhoneStatus.UNCONFIRMED)]

    def _ask_if_due(self, now: float) -> list[Action]:
        """Asking and pushing are one act: a copy changes nothing that the key has done already."""
        if self._rtt is None or now < self._next or self._is_closed():
            return []
        if self._state is State.NEW:
            self._move_to(State.ASKING)
        copy = Send(self._age(now), hedge=self._hedging)
        self._loose += 1
        self._ask_at(inf if self._state is State.ACCEPTED else now + self._gap, hedge=self._state is State.ASKING)
        self._gap = min(self._gap * 2, LONGEST_GAP_MS)
        return [copy]

    def _ask_at(self, at: float, *, hedge: bool = False) -> None:
        self._next, self._hedging = at, hedge

    def _close(self, status: PhoneStatus, reason: str | None, now: float) -> list[Action]:
        self._move_to(State.CLOSED)
        measured = status is PhoneStatus.APPLIED and not self._restored
        shown = [TellShown(self._age(now))] if measured else []
        return [Forget(), Say(status, reason), *shown]

    def _age(self, now: float) -> int:
        return min(max(0, round(now - self._at)), MAX_AGE_MS)

    def _never_taken(self) -> bool:
        """Every copy was answered by an error."""
        return self._refusal is not None and self._loose == 0 and not self._held

    def _first_gap(self) -> float:
        if self._state is State.UNCONFIRMED:
            return ASK_AGAIN_MS
        return max(HEDGE_MS, round(HEDGE_RTTS * (self._rtt or 0)))

    def _wake_at(self) -> float | None:
        times = [] if self._state is State.UNCONFIRMED else [self._expires]
        times += [self._next] if self._rtt is not None and self._next < inf else []
        return min(times, default=None)

    def _is_closed(self) -> bool:
        return self._state is State.CLOSED

    def _move_to(self, state: State) -> None:
        if state not in MOVES[self._state]:
            raise IllegalMove(f"a press cannot go from {self._state.value} to {state.value}")
        self._state = state


def until_passed(lead_ms: float) -> int:
    """How long until a clock, at most `lead_ms` before a deadline now, is surely past it: whole ms, drift allowed for.

    A light reads its clock in whole ms and acts as long as they are not over the deadline, hence the one more.
    """
    return 0 if lead_ms <= -1 else ceil((lead_ms + 1) / (1 - DRIFT))
