"""The link in virtual time: counts of ms, with the wrap of the ESP32's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import link
from lamp.link import (
    DEAD_AFTER_MS,
    LONGEST_WAIT_MS,
    NOBODY_WAIT_MS,
    OPEN_WITHIN_MS,
    PING_AFTER_MS,
    PROVEN_AFTER_MS,
    Link,
)
from tests.firmware.conftest import Both

PERIOD = 1 << 30
MOST, LEAST = 0xFFFF, 0
UP = [(link.OPENED, link.CONNECT), (link.ACCEPTED, link.SUBSCRIBE), (link.GRANTED, link.ANNOUNCE)]


class Line:
    """A link whose clock a test moves, from any count on."""

    def __init__(self, start: int = 0) -> None:
        self.now = start
        self.link = Link(start % PERIOD)

    def tell(self, event: int, chance: int = MOST) -> int:
        action: int = self.link.on_event(event, self.now % PERIOD, chance)
        return action

    def due_in(self) -> int:
        due: int = self.link.due_in(self.now % PERIOD)
        return due

    def wait(self, ms: int) -> int:
        self.now += ms
        return self.tell(link.DUE)

    def go_live(self) -> None:
        assert self.wait(self.due_in()) == link.OPEN
        for event, action in UP:
            assert self.tell(event) == action

    def is_lost_once_open(self, chance: int = MOST) -> None:
        """Somebody takes the connection, and it is lost."""
        self.wait(self.due_in())
        self.tell(link.OPENED)
        assert self.tell(link.LOST, chance) == link.CLOSE

    def live_for(self, ms: int) -> None:
        """Let time pass on a link that answers each ping."""
        end = self.now + ms
        while self.now < end:
            action = self.wait(min(self.due_in(), end - self.now))
            assert action in (link.NOTHING, link.PING)
            if action == link.PING:
                assert self.tell(link.SENT) == self.tell(link.HEARD) == link.NOTHING


starts = st.one_of(st.just(0), st.integers(PERIOD - 40_000, PERIOD), st.integers(0, PERIOD))


def test_link_is_the_same_on_both_interpreters(both: Both) -> None:
    steps = [[link.DUE, 0, 9], *([event, 10, 9] for event, _ in UP), [link.DUE, 2_010, 9], [link.LOST, 2_020, 30_000]]
    seen = both("link", [*steps, [link.DUE, 3_000, 0], [link.LOST, 3_001, 65_535]])
    assert [action for action, _, _ in seen] == [
        *(link.OPEN, link.CONNECT, link.SUBSCRIBE, link.ANNOUNCE, link.PING, link.CLOSE, link.OPEN, link.CLOSE)
    ]


def test_first_link_is_opened_at_once() -> None:
    line = Line()
    assert line.due_in() == 0
    line.go_live()
    assert line.link.state == link.LIVE


@given(starts)
def test_ping_goes_after_two_seconds_without_sending(start: int) -> None:
    line = Line(start)
    line.go_live()
    assert line.due_in() == PING_AFTER_MS
    assert line.wait(PING_AFTER_MS - 1) == link.NOTHING
    assert line.wait(1) == link.PING
    assert line.due_in() == PING_AFTER_MS


def test_sending_puts_the_ping_off() -> None:
    line = Line()
    line.go_live()
    line.now += PING_AFTER_MS - 1
    line.tell(link.SENT)
    assert line.wait(1) == link.NOTHING
    assert line.due_in() == PING_AFTER_MS - 1


@given(starts)
def test_link_that_hears_nothing_is_dead_within_six_seconds(start: int) -> None:
    line = Line(start)
    line.go_live()
    since = line.now
    while (action := line.wait(line.due_in())) == link.PING:
        line.tell(link.SENT)
    assert action == link.CLOSE
    assert line.now - since == DEAD_AFTER_MS


def test_anything_heard_keeps_the_link() -> None:
    line = Line()
    line.go_live()
    for _ in range(10):
        line.now += DEAD_AFTER_MS - 1
        line.tell(link.HEARD)
        line.tell(link.SENT)
        assert line.wait(0) == link.NOTHING


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_link_that_does_not_come_up_is_given_up(steps: int) -> None:
    line = Line()
    line.wait(0)
    for event, _ in UP[:steps]:
        line.tell(event)
    end = line.now + OPEN_WITHIN_MS
    while line.now < end:
        assert line.link.state != link.RESTING
        assert line.due_in() <= PING_AFTER_MS  # whoever sleeps on it may find it live
        action = line.wait(line.due_in())
    assert action == link.CLOSE


@given(starts, st.integers(1, 20))
def test_waits_double_up_to_the_longest(start: int, losses: int) -> None:
    line = Line(start)
    for loss in range(losses):
        line.is_lost_once_open()
        span = min(LONGEST_WAIT_MS, 200 * 2**loss)
        assert span - 1 - span // MOST <= line.due_in() <= span


@given(starts, st.integers(1, 100))
def test_light_that_finds_nobody_tries_again_within_a_second_and_counts_no_loss(start: int, attempts: int) -> None:
    line = Line(start)
    for _ in range(attempts):
        assert line.wait(line.due_in()) == link.OPEN
        assert line.tell(link.LOST, chance=MOST) == link.CLOSE
        assert NOBODY_WAIT_MS - 2 <= line.due_in() <= NOBODY_WAIT_MS
    line.is_lost_once_open()
    assert line.due_in() <= 200


@given(st.integers(0, MOST))
def test_wait_is_the_part_of_the_span_that_chance_says(chance: int) -> None:
    line = Line()
    line.is_lost_once_open(chance)
    assert line.due_in() == 200 * chance // 65_536


@given(starts)
def test_link_that_lived_a_while_forgets_its_losses(start: int) -> None:
    line = Line(start)
    for _ in range(6):
        line.is_lost_once_open()
    line.go_live()
    line.live_for(PROVEN_AFTER_MS)
    line.tell(link.LOST)
    assert line.due_in() <= 200


def test_link_that_lived_too_short_remembers_its_losses() -> None:
    line = Line()
    for _ in range(6):
        line.is_lost_once_open()
    line.go_live()
    line.live_for(PROVEN_AFTER_MS - 1)
    line.tell(link.LOST)
    assert line.due_in() > 6_400


@pytest.mark.parametrize("days", [1, 7, 13, 400])
def test_link_opens_after_any_time_without_wifi(days: int) -> None:
    line = Line()
    line.wait(0)
    line.tell(link.LOST)
    line.now += days * 86_400_000
    assert line.tell(link.DUE) == link.OPEN


@given(st.lists(st.sampled_from([link.OPENED, link.ACCEPTED, link.GRANTED, link.LOST, link.HEARD, link.SENT])))
def test_word_out_of_turn_ends_the_link_and_is_nothing_to_one_that_rests(events: list[int]) -> None:
    line = Line()
    line.wait(0)
    for event in events:
        before = line.link.state
        action = line.tell(event)
        if before == link.RESTING:
            assert action == link.NOTHING
        elif event in (link.HEARD, link.SENT):
            assert (action, line.link.state) == (link.NOTHING, before)
        elif UP[before - 1 : before] and UP[before - 1][0] == event:
            assert (action, line.link.state) == (UP[before - 1][1], before + 1)
        else:
            assert (action, line.link.state) == (link.CLOSE, link.RESTING)


def test_illegal_move_raises() -> None:
    with pytest.raises(AssertionError):
        Link(0)._move(link.LIVE)
