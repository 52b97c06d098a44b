import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.contract.words import MAX_DRIFT_PPM, PressStatus
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
from presslight.mobile_sim.press import MOVES, IllegalMove, Press, State, until_passed

TABLE = json.loads(Path(__file__).with_name("press_table.json").read_text())

EVENTS: dict[str, Any] = {
    "pressed": lambda event: Pressed(event["rtt_ms"]),
    "link_up": lambda event: LinkUp(event["rtt_ms"]),
    "link_down": lambda event: LinkDown(),
    "outcome": lambda event: OutcomeHeard(PressStatus(event["status"]), event["reason"]),
    "error": lambda event: ErrorHeard(event["code"], event["retry"]),
    "deadline": lambda event: DeadlineNear(event["ms"]),
    "time": lambda event: TimePassed(),
}


def written(action: Action) -> dict[str, Any]:
    match action:
        case Store():
            return {"do": "store"}
        case Send(age_ms, hedge):
            return {"do": "hedge" if hedge else "send", "age_ms": age_ms}
        case Say(status, reason):
            return {"do": "say", "status": status, "reason": reason}
        case TellShown(ms):
            return {"do": "shown", "ms": ms}
        case Forget():
            return {"do": "forget"}
        case Wake(at):
            return {"do": "wake", "at": at}


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_press_does_what_the_table_says(case: dict[str, Any]) -> None:
    press = Press(0, case["press"]["lead_ms"], restored=case["press"].get("restored", False))
    status = None
    for step in case["steps"]:
        event = step["event"]
        actions = [written(action) for action in press.on_event(EVENTS[event["type"]](event), step["at"])]
        wakes = [actions.pop()["at"]] if actions and actions[-1]["do"] == "wake" else []
        status = next((action["status"] for action in actions if action["do"] == "say"), status)
        assert (actions, status) == (step["actions"], step["status"]), step
        assert bool(wakes) == (press.state is not State.CLOSED), step
        assert "wake" not in step or wakes == [step["wake"]], step


def test_table_visits_every_state_move_and_word() -> None:
    moves: set[tuple[State, State]] = set()
    words: set[str] = set()
    for case in TABLE["cases"]:
        press = Press(0, case["press"]["lead_ms"], restored=case["press"].get("restored", False))
        for step in case["steps"]:
            before = press.state
            actions = press.on_event(EVENTS[step["event"]["type"]](step["event"]), step["at"])
            words |= {action.status for action in actions if isinstance(action, Say)}
            moves |= {(before, press.state)} - {(before, before)}
    assert words == set(PhoneStatus)
    assert moves == {(before, after) for before, afters in MOVES.items() for after in afters}


events = st.one_of(
    st.just(LinkDown()),
    st.just(TimePassed()),
    st.builds(LinkUp, st.floats(0, 5_000)),
    st.builds(OutcomeHeard, st.sampled_from(PressStatus), st.sampled_from([None, "late"])),
    st.builds(ErrorHeard, st.sampled_from(["rate_limited", "forbidden"]), st.booleans()),
    st.builds(DeadlineNear, st.floats(0, 3_000)),
)
lives = st.lists(st.tuples(st.integers(0, 4_000), events), max_size=25)


class Witness:
    """Sees what a press is told and does, and knows what may be true."""

    def __init__(self, restored: bool) -> None:
        self.press = Press(0, 2_000, restored=restored)
        self.said: list[PhoneStatus] = []
        self.copies = 0
        self.open = 0  # copies on this link that were not answered
        self.linked = False
        self.maybe_taken = restored

    def tell(self, event: Event, now: float) -> None:
        if isinstance(event, ErrorHeard | OutcomeHeard) and not self.open:
            return  # a bridge only answers
        if isinstance(event, LinkDown):
            self.linked, self.maybe_taken, self.open = False, self.maybe_taken or self.open > 0, 0
        self.linked = (
            self.linked or isinstance(event, LinkUp) or (isinstance(event, Pressed) and event.rtt_ms is not None)
        )
        self.maybe_taken = self.maybe_taken or isinstance(event, OutcomeHeard)
        self.open -= isinstance(event, ErrorHeard)
        was_over = bool(self.said and self.said[-1].final)
        actions = self.press.on_event(event, now)
        assert not (was_over and actions)
        for action in actions:
            self.see(action, now)
        assert (self.press.state is State.CLOSED) == bool(self.said and self.said[-1].final)

    def see(self, action: Action, now: float) -> None:
        match action:
            case Say(status):
                assert status is not PhoneStatus.NOT_SENT or not self.copies
                assert status is not PhoneStatus.REJECTED or not (self.open or self.maybe_taken)
                self.said.append(status)
            case Send():
                assert self.linked
                self.copies += 1
                self.open += 1
            case Store():
                assert not self.copies
            case Wake(at):
                assert at is None or at > now


@given(lives=lives, rtt=st.none() | st.floats(0, 2_000), restored=st.booleans())
def test_press_keeps_its_promises_whatever_happens(
    lives: list[tuple[int, Event]], rtt: float | None, restored: bool
) -> None:
    witness = Witness(restored)
    now = 0.0
    if not restored:
        witness.tell(Pressed(rtt), now)
    for wait, event in lives:
        now += wait
        witness.tell(event, now)
    assert witness.said.count(PhoneStatus.UNCONFIRMED) <= 1
    assert witness.said.count(PhoneStatus.ACCEPTED) <= 1


@given(lives=lives)
def test_press_sends_nothing_for_the_first_time_past_its_deadline(lives: list[tuple[int, Event]]) -> None:
    press = Press(0, 2_000)
    press.on_event(Pressed(None), 0)
    now, sent = 0.0, False
    for wait, event in lives:
        now += wait
        sends = any(isinstance(action, Send) for action in press.on_event(event, now))
        assert sent or not sends or now < until_passed(2_000)
        sent = sent or sends


def test_press_asks_at_a_bounded_rate_for_ever() -> None:
    press = Press(0, 2_000)
    now, copies = 0.0, 0
    actions = press.on_event(Pressed(10), now)
    while now < 3_600_000:
        copies += sum(isinstance(action, Send) for action in actions)
        wake = actions[-1]
        assert isinstance(wake, Wake)
        assert wake.at is not None
        now = wake.at
        actions = press.on_event(TimePassed(), now)
    assert copies < 8 + 3_600 / 30


def test_press_meant_for_the_next_moment_has_no_negative_age() -> None:
    assert Send(0) in Press(1, 2_000).on_event(Pressed(10), 0)


def test_press_refuses_an_illegal_move() -> None:
    press = Press(0, 2_000)
    with pytest.raises(IllegalMove):
        press._move_to(State.ACCEPTED)


@given(lead=st.integers(-10_000, 20_000))
def test_until_passed_is_never_too_short(lead: int) -> None:
    grown = until_passed(lead) * (1 - MAX_DRIFT_PPM / 1e6)
    assert grown >= lead + 1 or lead < 0
