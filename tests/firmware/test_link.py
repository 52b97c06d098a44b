"""The link's rules, step by step and against a shell that sleeps just as long as it is told."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import link
from lamp.link import Link
from tests.firmware.conftest import Both

PERIOD = 1 << 30
LIVE_AT = 300
TO_LIVE = [[link.DUE, 0], [link.OPENED, 100], [link.ACCEPTED, 200], [link.GRANTED, LIVE_AT], [link.SENT, LIVE_AT]]
STATES = [link.RESTING, link.OPENING, link.GREETING, link.JOINING, link.LIVE]
EVENTS = [link.DUE, link.OPENED, link.ACCEPTED, link.GRANTED, link.LOST, link.HEARD, link.SENT]
TURN = {link.OPENING: link.OPENED, link.GREETING: link.ACCEPTED, link.JOINING: link.GRANTED}
MOST = 0xFFFF


def after(both: Both, *events: list[int], chance: int = 0) -> list[list[int]]:
    """[action, state, due in] after each [event, ms]."""
    return both("link", [[event, now, chance] for event, now in events])


def waits(both: Both, *events: list[int]) -> list[int]:
    """The longest wait after each loss."""
    return [due + 1 for action, _, due in after(both, *events, chance=MOST) if action == link.CLOSE]


def reach(state: int) -> list[list[int]]:
    return TO_LIVE[: state if state < link.LIVE else None]


def test_way_to_a_live_link_is_connect_subscribe_announce(both: Both) -> None:
    seen = [(action, state) for action, state, _ in after(both, *TO_LIVE)]
    assert seen == [
        (link.OPEN, link.OPENING),
        (link.CONNECT, link.GREETING),
        (link.SUBSCRIBE, link.JOINING),
        (link.ANNOUNCE, link.LIVE),
        (link.NOTHING, link.LIVE),
    ]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", [link.OPENING, link.GREETING, link.JOINING, link.LIVE])
def test_step_out_of_turn_is_a_loss(both: Both, state: int, event: int) -> None:
    action, then, _ = after(both, *reach(state), [event, LIVE_AT])[-1]
    if event in (link.DUE, link.HEARD, link.SENT):
        assert (action, then) == (link.NOTHING, state)
    elif event == TURN.get(state):
        assert then == state + 1
    else:
        assert (action, then) == (link.CLOSE, link.RESTING)


@pytest.mark.parametrize("event", [event for event in EVENTS if event != link.DUE])
def test_resting_link_is_moved_by_nothing_but_its_time(both: Both, event: int) -> None:
    assert after(both, [event, 0])[-1][:2] == [link.NOTHING, link.RESTING]


@pytest.mark.parametrize(("start", "to"), list(itertools.product(STATES, STATES)))
def test_move_that_skips_a_step_raises(start: int, to: int) -> None:
    subject = Link(0)
    for event, now in reach(start):
        subject.on_event(event, now, 0)
    if to == start + 1 or (to == link.RESTING and start != link.RESTING):
        subject._move(to)
        assert subject.state == to
    else:
        with pytest.raises(AssertionError, match="cannot go"):
            subject._move(to)


def test_ping_comes_2_s_after_the_last_word(both: Both) -> None:
    *_, early, due, again = after(both, *TO_LIVE, [link.DUE, 2_299], [link.DUE, 2_300], [link.DUE, 2_301])
    assert early[::2] == [link.NOTHING, 1]
    assert due[::2] == [link.PING, 2_000]
    assert again[0] == link.NOTHING


def test_whoever_talks_needs_no_ping(both: Both) -> None:
    *_, quiet, due = after(both, *TO_LIVE, [link.SENT, 2_000], [link.DUE, 2_300], [link.DUE, 4_000])
    assert (quiet[0], due[0]) == (link.NOTHING, link.PING)


def test_keep_alive_promised_to_the_broker_is_longer_than_two_pings() -> None:
    assert link.KEEP_ALIVE_S * 1_000 >= 2 * link.PING_AFTER_MS


def test_live_link_is_dead_5_s_after_it_was_heard_last(both: Both) -> None:
    *_, heard, alive, dead = after(both, *TO_LIVE, [link.HEARD, 4_000], [link.DUE, 8_999], [link.DUE, 9_000])
    assert heard[1] == alive[1] == link.LIVE
    assert alive[2] == 1
    assert dead[:2] == [link.CLOSE, link.RESTING]


@pytest.mark.parametrize("state", [link.OPENING, link.GREETING, link.JOINING])
def test_step_that_takes_10_s_is_lost(both: Both, state: int) -> None:
    since = reach(state)[-1][1]
    *_, alive, dead = after(both, *reach(state), [link.DUE, since + 9_999], [link.DUE, since + 10_000])
    assert alive[:2] == [link.NOTHING, state]
    assert dead[:2] == [link.CLOSE, link.RESTING]


def test_waits_double_from_200_ms_up_to_30_s(both: Both) -> None:
    failures = [[event, n * 100_000] for n in range(12) for event in (link.DUE, link.LOST)]
    assert waits(both, *failures) == [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, *[30_000] * 4]


@given(st.integers(0, 12), st.integers(0, MOST))
def test_wait_is_any_part_of_its_span(both: Both, losses: int, chance: int) -> None:
    failures = [[event, n * 100_000] for n in range(losses + 1) for event in (link.DUE, link.LOST)]
    span = min(30_000, 200 * 2**losses)
    wait = after(both, *failures, chance=chance)[-1][2]
    assert wait <= span * chance / (MOST + 1) < wait + 1


def test_resting_link_opens_when_its_wait_is_over_and_no_sooner(both: Both) -> None:
    lost = [[link.DUE, 0], [link.LOST, 50]]
    *_, early, due = after(both, *lost, [link.DUE, 248], [link.DUE, 249], chance=MOST)
    assert early == [link.NOTHING, link.RESTING, 1]
    assert due[:2] == [link.OPEN, link.OPENING]


@pytest.mark.parametrize(("lived", "wait"), [(9_999, 800), (10_000, 200)])
def test_link_that_lived_10_s_is_proven_and_waits_as_at_first(both: Both, lived: int, wait: int) -> None:
    losses = [[link.DUE, 0], [link.LOST, 0], [link.DUE, 1_000], [link.LOST, 1_000]]
    steps = [[event, 5_000 + now] for event, now in TO_LIVE]
    assert waits(both, *losses, *steps, [link.LOST, 5_000 + LIVE_AT + lived])[-1] == wait


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 12_000), st.integers(0, MOST)), max_size=40))
def test_link_that_does_not_rest_is_due_within_2_s(both: Both, script: list[tuple[int, int, int]]) -> None:
    """Who sleeps on `due_in` may find the link live when waking: the first ping must not be late."""
    times = itertools.accumulate(pause for _, pause, _ in script)
    seen = both("link", [[event, now, chance] for (event, _, chance), now in zip(script, times, strict=True)])
    assert all(0 <= due <= (2_000 if state != link.RESTING else 30_000) for _, state, due in seen)


@given(start=st.integers(0, PERIOD - 1), steps=st.lists(st.integers(1, 9_000), min_size=3, max_size=3))
def test_shell_that_sleeps_as_told_pings_every_2_s_and_sees_the_death_at_5_s(start: int, steps: list[int]) -> None:
    """The broker takes its time to accept, then says nothing more. The clock may wrap at any moment."""
    subject = Link(start)
    subject.on_event(link.DUE, start, 0)
    turns = zip(itertools.accumulate(steps), (link.OPENED, link.ACCEPTED, link.GRANTED), strict=True)
    acts = _sleep_through(subject, start, list(turns), until=sum(steps) + 5_000)
    live = sum(steps)
    assert acts == [(live + 2_000, link.PING), (live + 4_000, link.PING), (live + 5_000, link.CLOSE)]


def _sleep_through(subject: Link, start: int, turns: list[tuple[int, int]], until: int) -> list[Any]:
    """Wake only when an earlier `due_in` said so, as `session` does, while other tasks tell the link of `turns`."""
    acts: list[tuple[int, int]] = []
    now = 0
    while now < until:
        wake = now + subject.due_in((start + now) % PERIOD)
        for at, event in [turn for turn in turns if now < turn[0] <= wake]:
            subject.on_event(event, (start + at) % PERIOD, 0)
            subject.on_event(link.SENT, (start + at) % PERIOD, 0)
        now = wake
        action = subject.on_event(link.DUE, (start + now) % PERIOD, 0)
        assert action or subject.due_in((start + now) % PERIOD), "a shell that is woken for nothing would spin"
        if action:
            acts.append((now, action))
    return acts
