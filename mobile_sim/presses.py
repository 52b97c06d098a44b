"""A phone's open presses: made, kept, sent, and told what happened."""

from collections.abc import Iterable
from math import ceil
from typing import Protocol

from pydantic import BaseModel, ValidationError

from presslight.contract import phone as frames
from presslight.contract.errors import refusal
from presslight.contract.light import WishFields
from presslight.contract.words import Version
from presslight.mobile_sim.bound import Bound, deadline, lead
from presslight.mobile_sim.clock import Time
from presslight.mobile_sim.errors import JournalBroken, TooManyOpen
from presslight.mobile_sim.events import DeadlineNear, LinkDown, LinkUp, Pressed
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.journal import Journal
from presslight.mobile_sim.journal_state import Kept
from presslight.mobile_sim.press import until_passed
from presslight.mobile_sim.screen import Light

MAX_OPEN = 10_000
WORTH_MS = 20


class SendFrame(Protocol):
    """How frames leave."""

    def __call__(self, frame: BaseModel, *, hedge: bool = False) -> None:
        """Hand a frame to the link, if there is one. `hedge`: rather on another path than before."""


class Presses:
    """Every press without a last word. Pure, but for its journal; `time` and `send` are ports."""

    def __init__(self, journal: Journal, send: SendFrame, time: Time) -> None:
        self.time = time
        self._journal = journal
        self._flights: dict[str, InFlightPress] = {}
        self._told: dict[str, Bound] = {}
        self.send = send

    @property
    def open(self) -> tuple[InFlightPress, ...]:
        """The presses without a last word, oldest first."""
        return tuple(self._flights.values())

    def begin(
        self, light: Light, wish: WishFields, if_ver: Version | None, patience_ms: int, pressed: float
    ) -> InFlightPress:
        """Make a press of the moment `pressed`; `start` lets it go. Raises Invalid, TooManyOpen or JournalBroken."""
        if len(self._flights) >= MAX_OPEN:
            raise TooManyOpen(f"{MAX_OPEN} presses wait for their last word already")
        not_after = deadline(light.bound, pressed, patience_ms, self._journal.latest(light.id))
        try:
            frame = frames.Press(
                type="press",
                key=self._journal.next_key(),
                light=light.id,
                set=frames.Wish.model_validate(wish),
                if_ver=if_ver,
                not_after=not_after,
                patience_ms=patience_ms,
            )
        except ValidationError as error:
            raise refusal(error) from None
        return InFlightPress(frame, ceil(lead(not_after, light.bound, pressed)), pressed, self)

    def start(self, flight: InFlightPress, rtt_ms: float | None) -> None:
        """The finger came down. Raises JournalBroken; the press is then not made."""
        self._flights[flight.frame.key] = flight
        try:
            flight.on_event(Pressed(rtt_ms))
        except JournalBroken:
            del self._flights[flight.frame.key]
            raise

    def restore(self, left: Iterable[Kept]) -> None:
        """Take up what an earlier life of the phone left behind."""
        wall = self.time.wall()
        for kept in left:
            aged = max(0, wall - kept.unix_ms)
            self._flights[kept.press.key] = InFlightPress(kept.press, kept.lead_ms, self.time.now(), self, aged_ms=aged)

    def link_up(self, rtt_ms: float) -> None:
        """The bridge said welcome."""
        for flight in self.open:
            flight.on_event(LinkUp(rtt_ms))

    def link_down(self) -> None:
        """The socket is gone."""
        for flight in self.open:
            flight.on_event(LinkDown())

    def clock_heard(self, light: Light) -> None:
        """A light was heard. Its presses are told only of a clock that is better known by much: it is no hot path."""
        told = self._told.get(light.id)
        if (
            told is not None
            and told.boot == light.bound.boot
            and abs(light.bound.up - told.at(light.bound.heard)) < WORTH_MS
        ):
            return
        self._told[light.id] = light.bound
        for flight in self.open:
            moment = flight.frame.not_after
            # Another boot may be an older one: a bridge that starts anew shows what the broker had kept.
            if flight.frame.light == light.id and moment is not None and moment.boot == light.bound.boot:
                flight.on_event(DeadlineNear(until_passed(lead(moment, light.bound, self.time.now()))))

    def outcome(self, outcome: frames.PressOutcome) -> None:
        """The bridge's word on a press; on one that has its last word already, it changes nothing."""
        flight = self._flights.get(outcome.key)
        if flight is not None:
            flight.outcome(outcome)

    def problem(self, problem: frames.Problem) -> None:
        """The bridge did not take a copy of a press."""
        flight = self._flights.get(problem.key or "")
        if flight is not None:
            flight.problem(problem)

    def stop_waiting(self) -> None:
        """The phone ends. What is open stays in the journal."""
        for flight in self.open:
            flight.stop_waiting()

    def store_press(self, press: frames.Press, lead_ms: int) -> None:
        """Write a press down. Raises JournalBroken."""
        self._journal.store_press(press, lead_ms, self.time.wall())

    def forget_press(self, key: str) -> None:
        """A press has its last word."""
        self._flights.pop(key, None)
        self._journal.forget_press(key)
