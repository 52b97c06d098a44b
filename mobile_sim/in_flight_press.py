"""One press in flight: carries out the actions of its state machine, and keeps its journey."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, assert_never

from pydantic import BaseModel

from presslight.contract import phone as frames
from presslight.contract.words import MAX_AGE_MS
from presslight.mobile_sim.clock import Time, Timer
from presslight.mobile_sim.events import (
    Action,
    ErrorHeard,
    Event,
    Forget,
    OutcomeHeard,
    PhoneStatus,
    Say,
    Send,
    Store,
    TellShown,
    TimePassed,
    Wake,
)
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.press import Press


class PressPorts(Protocol):
    """The phone's clock, connections and journal, as a press uses them."""

    time: Time

    def send(self, frame: BaseModel, *, hedge: bool = False) -> None:
        """Send a frame, if there is a link. `hedge`: rather on another path than before."""

    def store_press(self, press: frames.Press, lead_ms: int) -> None:
        """Write a press down. Raises JournalBroken."""

    def forget_press(self, key: str) -> None:
        """The press has its last word."""


class InFlightPress:
    """A press on its way.

    `pressed`: the moment of the finger, on the phone's clock. `aged_ms`: for a press that an earlier life of the phone
    left behind, how old it was at `pressed`; None for a new one.
    """

    def __init__(
        self, frame: frames.Press, lead_ms: int, pressed: float, ports: PressPorts, *, aged_ms: int | None = None
    ) -> None:
        self.frame = frame
        self.journey = Journey(frame.key, frame.light, PhoneStatus.PENDING)
        self.on_status: Callable[[PhoneStatus], None] | None = None
        """Called with each new word."""
        self._lead_ms = lead_ms
        self._pressed = pressed
        self._aged_ms = aged_ms
        self._ports = ports
        self._rules = Press(pressed, lead_ms, restored=aged_ms is not None)
        self._timer: Timer | None = None
        self._wake_at: float | None = None
        self._over = asyncio.Event()

    def on_event(self, event: Event) -> None:
        """Something happened to this press. Raises JournalBroken on `Pressed` only."""
        if self._over.is_set():
            return
        for action in self._rules.on_event(event, self._ports.time.now()):
            self._perform(action)

    def outcome(self, outcome: frames.PressOutcome) -> None:
        """The bridge's word on it."""
        if not self._over.is_set():
            legs = outcome.legs if self._aged_ms is None else None
            self.journey = self.journey._replace(version=outcome.version, legs=legs)
        self.on_event(OutcomeHeard(outcome.status, outcome.reason))

    def problem(self, problem: frames.Problem) -> None:
        """The bridge did not take a copy of it."""
        self.on_event(ErrorHeard(problem.code, problem.retry))

    async def last_word(self, wait_ms: float) -> Journey:
        """Wait for the last word, at most so long; answers the journey as it is then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_ms / 1_000):
                await self._over.wait()
        return self.journey

    def stop_waiting(self) -> None:
        """The phone ends; whoever waits gets the present word."""
        self._wake(None)
        self._over.set()

    def _perform(self, action: Action) -> None:
        match action:
            case Store():
                self._ports.store_press(self.frame, self._lead_ms)
            case Send(age_ms, hedge):
                self._send(age_ms, hedge=hedge)
            case Say(status, reason):
                self._set_status(status, reason)
            case TellShown(ms):
                self._ports.send(frames.Shown(type="shown", key=self.frame.key, ms=ms))
            case Forget():
                self._wake(None)
                self._ports.forget_press(self.frame.key)
            case Wake(at):
                self._wake(at)
            case _:
                assert_never(action)

    def _send(self, age_ms: int, *, hedge: bool) -> None:
        age = min(age_ms + (self._aged_ms or 0), MAX_AGE_MS)
        if not self.journey.copies:
            self.journey = self.journey._replace(waited_ms=self._ports.time.now() - self._pressed)
        self.journey = self.journey._replace(copies=self.journey.copies + 1)
        self._ports.send(self.frame.model_copy(update={"age_ms": age}) if age else self.frame, hedge=hedge)

    def _set_status(self, status: PhoneStatus, reason: str | None) -> None:
        total = self._ports.time.now() - self._pressed if status.final and self._aged_ms is None else None
        self.journey = self.journey._replace(status=status, reason=reason, total_ms=total)
        if status.final:
            self._over.set()
        if self.on_status is not None:
            self.on_status(status)

    def _wake(self, at: float | None) -> None:
        if self._timer is not None and at == self._wake_at:
            return
        self._wake_at = at
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer = self._ports.time.call_at(at, self._awake)

    def _awake(self) -> None:
        self._timer = None
        self.on_event(TimePassed())
