"""The judge bites: each lie and each wrong act, told by hand."""

import pytest

from presslight.contract.phone import Change
from tests.world.event_queue import MS
from tests.world.judge import Broken, Judge

KEY, NEXT = "0123456789abcdef-1", "0123456789abcdef-2"


class Time:
    """True time, moved by hand."""

    now = 0


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def judge(time: Time) -> Judge:
    judge = Judge(lambda: time.now)
    for key in (KEY, NEXT):
        judge.pressed("phone", "light", key, 1_000, "boot")
    return judge


def test_honest_life_is_not_blamed(judge: Judge) -> None:
    judge.acted(KEY)
    judge.said(KEY, "unconfirmed", "bridge")
    judge.said(KEY, "applied", "bridge")
    judge.said(NEXT, "unconfirmed", "bridge")
    judge.said(NEXT, "not_applied", "phone")
    for key in (KEY, NEXT):
        judge.last_word(key, "phone")
    assert judge.owed == {}


def test_second_act_is_double(judge: Judge) -> None:
    judge.acted(KEY)
    with pytest.raises(Broken, match="double"):
        judge.acted(KEY)


def test_act_after_the_patience_is_late(judge: Judge, time: Time) -> None:
    time.now = 1_000 * MS
    judge.acted(KEY)
    time.now = 1_010 * MS
    with pytest.raises(Broken, match="late"):
        judge.acted(NEXT)


def test_older_press_after_a_newer_one_is_misordered(judge: Judge) -> None:
    judge.acted(NEXT)
    with pytest.raises(Broken, match="misordered"):
        judge.acted(KEY)


@pytest.mark.parametrize("status", ["refused", "offline", "not_applied", "not_sent", "rejected"])
def test_word_of_never_is_false_whether_it_acted_before_or_acts_later(judge: Judge, status: str) -> None:
    judge.said(NEXT, status, "phone")
    with pytest.raises(Broken, match="false"):
        judge.acted(NEXT)
    judge.acted(KEY)
    with pytest.raises(Broken, match="false"):
        judge.said(KEY, status, "phone")


def test_act_after_unconfirmed_is_false(judge: Judge) -> None:
    judge.said(KEY, "unconfirmed", "phone")
    with pytest.raises(Broken, match="false"):
        judge.acted(KEY)


def test_applied_without_an_act_is_false(judge: Judge) -> None:
    with pytest.raises(Broken, match="false"):
        judge.said(KEY, "applied", "bridge")


@pytest.mark.parametrize("status", ["lost_in_reboot", "forgotten", "unknown"])
def test_ignorance_needs_a_cause(judge: Judge, status: str) -> None:
    judge.said(KEY, status, "bridge", "it rebooted")
    judge.said(KEY, status, "phone")  # the same as the bridge said
    with pytest.raises(Broken, match="without a cause"):
        judge.said(NEXT, status, "phone")


def test_second_last_word_is_false(judge: Judge) -> None:
    judge.last_word(KEY, "phone")
    with pytest.raises(Broken, match="second last word"):
        judge.last_word(KEY, "phone")


def test_press_that_was_never_made_must_not_act(judge: Judge) -> None:
    judge.never_made(KEY)
    with pytest.raises(Broken, match="false"):
        judge.acted(KEY)


def test_act_on_another_version_than_the_one_seen_is_found(judge: Judge) -> None:
    judge.acted_on(KEY, (1, 2), (1, 2))
    judge.acted_on(KEY, None, (1, 2))
    with pytest.raises(Broken, match="unseen"):
        judge.acted_on(KEY, (1, 2), (1, 3))


def test_change_without_a_cause_is_a_ghost(judge: Judge) -> None:
    judge.changed("light", "a live message")
    with pytest.raises(Broken, match="ghost"):
        judge.changed("light", "")


def test_screen_that_goes_back_is_stale(judge: Judge) -> None:
    judge.shows("phone", "light", (1, 2))
    judge.shows("other", "light", (1, 1))
    with pytest.raises(Broken, match="stale"):
        judge.shows("phone", "light", (1, 1))
    judge.reopened("phone")
    judge.shows("phone", "light", (1, 1))


@pytest.mark.parametrize(
    "told",
    [
        Change(by="phone", phone="other", age_ms=50),
        Change(by="button", age_ms=50),
        Change(by="phone", phone="phone", age_ms=200),
    ],
)
def test_change_of_another_cause_or_age_is_misnamed(judge: Judge, time: Time, told: Change) -> None:
    judge.became("light", (1, 1), "phone", KEY)
    time.now = 50 * MS
    judge.told_of("light", (1, 1), None)
    judge.told_of("light", (1, 1), Change(by="phone", age_ms=50))
    judge.told_of("light", (1, 1), Change(by="phone", phone="phone", age_ms=50))
    judge.told_of("light", (1, 1), Change(by="phone", phone="phone", age_ms=0))
    with pytest.raises(Broken, match="misnamed"):
        judge.told_of("light", (1, 1), told)
