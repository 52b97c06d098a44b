"""The bridge's press: each row of the table is a life, as events and what is to be done at each."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.core.actions import Action, Close, Publish, Tell
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
from presslight.cloud.core.press import NUDGE_NS, Press, State
from presslight.cloud.core.record import Order, Record
from presslight.cloud.errors import IllegalMove
from presslight.contract.words import Moment, Outcome, PressStatus, Reason
from tests.cloud.ports import BOOT, MS, key

DEADLINE = 3_000
ORDER = Order(key(), "kitchen", "ann", "payload", b"{}", Moment(boot=BOOT, up=DEADLINE))
ASKED = Asked(broker=True, light=True)
BEFORE = Heard(BOOT, DEADLINE, missed=False)
PAST = Heard(BOOT, DEADLINE + 1, missed=False)
GAP = Heard(BOOT, DEADLINE, missed=True)
GAP_PAST = Heard(BOOT, DEADLINE + 1, missed=True)
ELSEWHERE = Heard("0000beef", 10, missed=False)


def decided(outcome: str) -> Decided:
    return Decided(Outcome(outcome), (1, 7), 100)


def press(*, followed: bool = True) -> Press:
    return Press(ORDER, followed=followed, stamps=Stamps(0))


PUBLISHED = (Publish(ORDER.light, ORDER.message),)


def names(actions: tuple[Action, ...]) -> str:
    return " ".join(type(action).__name__.lower() for action in actions)


OPENED = (ASKED, "admit publish tell")
LATE = (BoundPassed(), "publish tell")

STORED, OPEN, TOO_LATE, CLOSED = State.STORED, State.OPEN, State.UNCONFIRMED, State.CLOSED
AGAIN = (AskedAgain(), "publish reply")
BUSY = (decided("busy"), "")
ANSWERED_LATE = (decided("late"), "tell close")
APPLIED = (decided("applied"), "tell close")
ON_DISK = (OnDisk(), "tell close")
LIGHT_AWAY = (Asked(broker=True, light=False), "admit sync")
UNDATED = (Asked(broker=True, light=True, dated=False), "admit sync")

UNHEARD: list[tuple[Event, str]] = [
    (event, "")
    for event in (AskedAgain(), Acked(), PAST, BoundPassed(), BootOver(), LightForgotten(), Reborn(), BrokerFound())
]

LIVES: list[tuple[str, list[tuple[Event, str]], State, str]] = [
    ("applied", [OPENED, APPLIED], CLOSED, "applied"),
    ("late", [OPENED, ANSWERED_LATE], CLOSED, "refused late"),
    ("superseded", [OPENED, (decided("superseded"), "tell close")], CLOSED, "refused superseded"),
    ("precondition", [OPENED, (decided("precondition"), "tell close")], CLOSED, "refused precondition"),
    ("invalid", [OPENED, (decided("invalid"), "tell close")], CLOSED, "refused invalid"),
    ("forgotten", [OPENED, (decided("forgotten"), "tell close")], CLOSED, "forgotten"),
    ("rebooted", [OPENED, (decided("rebooted"), "tell close")], CLOSED, "lost_in_reboot"),
    ("boot over", [OPENED, (BootOver(), "tell close")], CLOSED, "lost_in_reboot"),
    ("boot over, too late", [OPENED, LATE, (BootOver(), "tell close")], CLOSED, "lost_in_reboot"),
    ("broker away", [(Asked(broker=False, light=True), "admit sync"), ON_DISK], CLOSED, "offline broker_away"),
    ("all away", [(Asked(broker=False, light=False), "admit sync"), ON_DISK], CLOSED, "offline broker_away"),
    ("light away", [LIGHT_AWAY, ON_DISK], CLOSED, "offline light_offline"),
    ("offline, again", [LIGHT_AWAY, ON_DISK, (AskedAgain(), "reply")], CLOSED, "offline light_offline"),
    ("not on the disk", [LIGHT_AWAY, (AskedAgain(), "")], STORED, "offline light_offline"),
    ("without a deadline", [UNDATED, (OnDisk(), "publish tell"), APPLIED], CLOSED, "applied"),
    ("without a deadline, not on the disk", [UNDATED, *UNHEARD], STORED, "accepted"),
    ("asked again", [OPENED, AGAIN], OPEN, "accepted"),
    ("asked again, too late", [OPENED, LATE, AGAIN], TOO_LATE, "unconfirmed"),
    ("asked again, closed", [OPENED, APPLIED, (AskedAgain(), "reply")], CLOSED, "applied"),
    ("light reborn", [OPENED, (Reborn(), "publish")], OPEN, "accepted"),
    ("light reborn, too late", [OPENED, LATE, (Reborn(), "publish")], TOO_LATE, "unconfirmed"),
    ("broker found", [OPENED, (BrokerFound(), "publish")], OPEN, "accepted"),
    ("broker found, too late", [OPENED, LATE, (BrokerFound(), "publish")], TOO_LATE, "unconfirmed"),
    ("too late, then applied", [OPENED, LATE, APPLIED], CLOSED, "applied"),
    ("too late, then late", [OPENED, LATE, ANSWERED_LATE], CLOSED, "refused late"),
    ("too late, then absent", [OPENED, LATE, (PAST, "tell close")], CLOSED, "not_applied"),
    ("not yet", [OPENED, (BEFORE, "")], OPEN, "accepted"),
    ("absent past the deadline", [OPENED, (PAST, "tell close")], CLOSED, "not_applied"),
    ("a gap proves nothing", [OPENED, (GAP, ""), (PAST, "publish tell")], TOO_LATE, "unconfirmed"),
    ("a gap in the last report", [OPENED, (GAP_PAST, "publish tell")], TOO_LATE, "unconfirmed"),
    ("a gap, then answered", [OPENED, (GAP_PAST, "publish tell"), ANSWERED_LATE], CLOSED, "refused late"),
    ("busy is no last word", [OPENED, BUSY], OPEN, "accepted"),
    ("busy, then applied", [OPENED, BUSY, APPLIED], CLOSED, "applied"),
    ("busy, then late", [OPENED, BUSY, LATE, ANSWERED_LATE], CLOSED, "refused busy"),
    ("busy is asked again", [OPENED, BUSY, (PAST, "publish tell")], TOO_LATE, "unconfirmed"),
    ("another boot", [OPENED, (ELSEWHERE, "")], OPEN, "accepted"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "state", "status"), [life[1:] for life in LIVES], ids=[life[0] for life in LIVES])
def test_press_lives(steps: Sequence[tuple[Event, str]], state: State, status: str) -> None:
    lived = press()
    for number, (event, todo) in enumerate(steps):
        assert names(lived.on_event(event, number * MS)) == todo
    assert lived.state is state
    assert " ".join(filter(None, (lived.status, lived.reason))) == status


def test_unfollowed_press_is_never_called_not_applied() -> None:
    lived = press(followed=False)
    lived.on_event(ASKED, 0)
    assert names(lived.on_event(PAST, MS)) == "publish tell"
    assert lived.status is PressStatus.UNCONFIRMED
    assert lived.on_event(PAST, 2 * MS) == ()


@pytest.mark.parametrize("event", [PAST, GAP_PAST, ELSEWHERE])
def test_report_without_an_answer_has_the_light_asked_again_after_a_while(event: Event) -> None:
    lived = press(followed=False)
    lived.on_event(ASKED, 0)
    lived.on_event(BoundPassed(), MS)
    assert lived.on_event(event, NUDGE_NS) == ()
    assert lived.on_event(event, NUDGE_NS + MS) == PUBLISHED
    assert lived.on_event(event, NUDGE_NS + 2 * MS) == ()


def test_light_that_was_busy_is_asked_again_only_once_it_is_too_late_to_act() -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    assert lived.on_event(decided("busy"), NUDGE_NS) == ()
    lived.on_event(BoundPassed(), NUDGE_NS)
    assert lived.on_event(decided("busy"), 2 * NUDGE_NS - 1) == ()
    assert lived.on_event(decided("busy"), 2 * NUDGE_NS) == PUBLISHED


def test_press_for_an_unknown_boot_is_asked_again_after_a_while() -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    assert lived.on_event(ELSEWHERE, NUDGE_NS) == PUBLISHED


def test_applied_press_has_version_and_legs() -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    lived.on_event(Published(), 1 * MS)
    lived.on_event(Acked(), 2 * MS)
    lived.on_event(Published(), 3 * MS)
    lived.on_event(Acked(), 4 * MS)
    lived.on_event(decided("applied"), 9 * MS)
    outcome = lived.outcome()
    assert outcome.version == (1, 7)
    assert outcome.legs
    assert (outcome.legs.bridge_us, outcome.legs.ack_us, outcome.legs.light_us) == (9_000, 1_000, 100)
    assert outcome.final


def test_recalled_press_is_as_it_was_stored() -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    again = Press.recalled(lived.record())
    assert (again.state, again.record()) == (State.OPEN, lived.record())
    lived.on_event(decided("applied"), MS)
    again = Press.recalled(lived.record())
    assert (again.state, again.outcome()) == (State.CLOSED, lived.outcome())


def test_recalled_press_does_not_know_what_was_answered_meanwhile() -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    again = Press.recalled(lived.record())
    again.on_event(PAST, 0)
    assert again.status is PressStatus.UNCONFIRMED


def test_recalled_press_has_no_legs() -> None:
    record = Record(key(), "kitchen", "ann", "payload", b"{}", BOOT, DEADLINE, PressStatus.ACCEPTED, None, None, None)
    again = Press.recalled(record)
    again.on_event(Published(), 1 * MS)
    again.on_event(Acked(), 2 * MS)
    again.on_event(decided("applied"), 9 * MS)
    assert again.outcome().legs is None


@pytest.mark.parametrize("event", [decided("applied"), PAST, BoundPassed(), Reborn(), ASKED, BootOver()])
def test_closed_press_hears_nothing_but_questions(event: Event) -> None:
    lived = press()
    lived.on_event(ASKED, 0)
    lived.on_event(decided("late"), 0)
    with pytest.raises(IllegalMove, match=re.escape("closed cannot take")):
        lived.on_event(event, 0)


def test_new_press_hears_nothing_but_its_first_question() -> None:
    with pytest.raises(IllegalMove, match="new cannot take"):
        press().on_event(AskedAgain(), 0)


EVENTS = st.one_of(
    st.sampled_from([AskedAgain(), Published(), Acked(), BoundPassed(), BootOver(), Reborn(), BrokerFound()]),
    st.builds(Heard, st.sampled_from([BOOT, "0000beef"]), st.integers(0, 2 * DEADLINE), st.booleans()),
    st.builds(Decided, st.sampled_from(Outcome), st.just((1, 1)), st.integers(0, 10**6)),
)


@given(st.lists(EVENTS, max_size=30), st.booleans())
def test_no_life_breaks_a_promise(events: list[Event], followed: bool) -> None:
    lived = press(followed=followed)
    lived.on_event(ASKED, 0)
    gap = not followed
    for now, event in enumerate(events):
        before = lived.state
        try:
            done = lived.on_event(event, now * MS)
        except IllegalMove:
            assert before is State.CLOSED or (before is State.UNCONFIRMED and event == BoundPassed())
            continue
        gap = gap or (isinstance(event, Heard) and event.boot == BOOT and event.missed)
        assert (lived.state is State.CLOSED) == lived.status.final
        kinds = {type(action) for action in done}
        assert (Close in kinds) == (before is not State.CLOSED and lived.state is State.CLOSED)
        assert Tell in kinds or lived.state is before
        assert (lived.reason is not None) == (lived.status in (PressStatus.REFUSED, PressStatus.OFFLINE))
        assert not (lived.status is PressStatus.NOT_APPLIED and gap)
        assert (lived.status is PressStatus.APPLIED) == (lived.version is not None)


def test_every_refusal_of_a_light_has_its_reason() -> None:
    said = set()
    for outcome in Outcome:
        lived = press()
        lived.on_event(ASKED, 0)
        lived.on_event(Decided(outcome, (1, 1), 0), 0)
        said.add(lived.reason)
    assert said == {None, Reason.LATE, Reason.SUPERSEDED, Reason.PRECONDITION, Reason.INVALID}
