import json
from typing import Any

import pytest

from presslight.cloud.core.display import PACE_NS
from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Cause, decode_set
from presslight.contract.phone import Wish
from presslight.contract.words import Moment, PressStatus, split_key
from tests.cloud.ports import ASKS_AS, BOOT, MS, Harness, Listener, PressStore, S, ask, key, moment


def refused(harness: Harness, number: int = 1, **more: Any) -> ErrorCode:
    with pytest.raises(Refusal) as refusal:
        harness.ask(number, **more)
    return refusal.value.code


def test_press_is_stored_published_and_accepted() -> None:
    harness = Harness()
    listener = harness.ask(set=Wish(state="ON", brightness=7), if_ver=(1, 0))
    assert listener.words == ["accepted"]
    assert harness.publisher.sent == [("kitchen", key())]
    assert json.loads(harness.publisher.messages[0]) == {
        "state": "ON",
        "brightness": 7,
        "key": key(),
        "not_after": {"boot": BOOT, "up": 3_000},
        "if_ver": [1, 0],
    }
    assert harness.store.records[key()].status is PressStatus.ACCEPTED


def test_applied_press_is_told_and_closed() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.report((key(), "applied"))
    assert listener.words == ["accepted", "applied"]
    assert harness.store.records[key()].status is PressStatus.APPLIED
    assert len(harness.presses) == 0
    assert harness.observer.words == ["accepted", "applied"]


def test_decision_on_another_lights_topic_settles_nothing() -> None:
    harness = Harness()
    harness.report(light="hall")
    listener = harness.ask()
    harness.report((key(), "applied"), light="hall")
    assert listener.words == ["accepted"]


def test_deadline_of_the_phone_is_kept() -> None:
    harness = Harness()
    harness.ask(not_after=moment(1_500))
    assert decode_set(harness.publisher.messages[0]).not_after == moment(1_500)


def test_patience_is_counted_from_the_proven_clock() -> None:
    harness = Harness()
    harness.later(10_000)
    harness.ask(patience_ms=500)
    assert decode_set(harness.publisher.messages[-1]).not_after == moment(1_000 + 9_990 + 500)


def test_deadline_too_far_ahead_is_invalid() -> None:
    harness = Harness()
    assert refused(harness, not_after=moment(21_001)) is ErrorCode.INVALID
    assert harness.ask(not_after=moment(21_000)).words == ["accepted"]
    assert harness.ask(2, not_after=moment(10**9, boot="0000beef")).words == ["accepted"]


def test_deadline_is_not_judged_by_the_clock_of_a_light_that_was_not_heard() -> None:
    harness = Harness(with_light=False)
    harness.report(live=False)
    harness.presses.on_broker(found=True, now=harness.now)
    assert harness.ask(not_after=moment(10**6)).words == ["offline light_offline"]


def test_unknown_light_is_refused_and_leaves_no_trace() -> None:
    harness = Harness()
    assert refused(harness, light="cellar") is ErrorCode.UNKNOWN_LIGHT
    assert harness.store.records == {}


def test_press_without_broker_is_offline_and_its_key_closed() -> None:
    harness = Harness()
    harness.presses.on_broker(found=False, now=harness.now)
    assert harness.ask().words == ["offline broker_away"]
    assert harness.ask(2, light="never-heard-of").words == ["offline broker_away"]
    harness.presses.on_broker(found=True, now=harness.now)
    assert harness.ask().words == ["offline broker_away"]
    assert harness.publisher.sent == []
    assert harness.broadcaster.statuses == [True, False, True]


def test_press_on_an_offline_light_is_offline_and_its_key_closed() -> None:
    harness = Harness()
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    assert harness.ask().words == ["offline light_offline"]
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    harness.report(up=1_001)
    assert harness.ask().words == ["offline light_offline"]
    assert harness.ask(2).words == ["accepted"]
    assert harness.publisher.sent == [("kitchen", key(2))]


def test_heartbeat_is_not_shown() -> None:
    harness = Harness()
    shown = len(harness.broadcaster.lights)
    harness.later(10_000)
    harness.report(up=11_000)
    harness.later(1_000)
    assert len(harness.broadcaster.lights) == shown


def test_light_that_left_without_a_word_is_shown_offline_and_takes_no_press() -> None:
    harness = Harness()
    for _ in range(36):
        harness.later(1_000)
        harness.presses.on_broker(found=True, now=harness.now)
    assert [shown.light.online for shown in harness.broadcaster.lights] == [True, False]
    assert harness.ask().words == ["offline light_offline"]
    assert harness.publisher.sent == []


def test_light_that_comes_back_is_shown_with_its_report() -> None:
    harness = Harness()
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    harness.later(1_000)
    shown = len(harness.broadcaster.lights)
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    assert len(harness.broadcaster.lights) == shown
    harness.report(boot="0000beef", epoch=2)
    view = harness.broadcaster.lights[-1].light
    assert (view.online, view.boot) == (True, "0000beef")


@pytest.mark.parametrize("offline", [True, False])
def test_press_that_cannot_be_stored_is_not_sent(offline: bool) -> None:
    harness = Harness()
    if offline:
        harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    harness.store.broken = True
    with pytest.raises(StoreUnavailable):
        harness.ask()
    assert harness.publisher.sent == []
    assert len(harness.presses) == 0


def slow_harness() -> Harness:
    """Its disk takes nothing until it is told to."""
    harness = Harness()
    harness.store.is_slow = True
    return harness


def test_press_without_a_deadline_waits_for_the_disk() -> None:
    harness = slow_harness()
    listeners = [harness.ask(), harness.ask()]
    harness.presses.on_broker(found=False, now=harness.now)
    harness.presses.on_broker(found=True, now=harness.now)
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    harness.later(1_000)
    assert (harness.publisher.sent, [listener.words for listener in listeners]) == ([], [[], []])
    with pytest.raises(Refusal):
        harness.presses.status_of(key(), Principal("ann"))
    harness.store.on_disk()
    assert (harness.publisher.sent, [listener.words for listener in listeners]) == (
        [("kitchen", key())],
        [["accepted"]] * 2,
    )
    harness.report((key(), "applied"), up=2_500)
    assert [listener.last for listener in listeners] == ["applied", "applied"]


def test_each_ask_while_the_disk_is_waited_for_is_answered() -> None:
    harness = slow_harness()
    listener = harness.ask()
    for _ in range(3):
        harness.presses.ask(ask(), listener, harness.now)
    harness.store.on_disk()
    assert listener.words == ["accepted"] * 4


def test_press_with_a_deadline_of_its_own_does_not_wait_for_the_disk() -> None:
    harness = slow_harness()
    assert harness.ask(not_after=moment(3_000)).words == ["accepted"]
    assert harness.publisher.sent == [("kitchen", key())]


def test_press_for_which_the_disk_took_too_long_is_late() -> None:
    harness = slow_harness()
    listener = harness.ask()
    harness.later(5_000)
    harness.store.on_disk()
    harness.later(10)
    assert listener.words == ["accepted", "unconfirmed"]
    harness.report((key(), "late"), up=9_000)
    assert listener.last == "refused late"


TEXTS = [bytes([number]) * 32 for number in range(10)]


def ask_text(harness: Harness, number: int = 1, **more: Any) -> Listener:
    return harness.ask(key="", text=TEXTS[number], **more)


def test_texts_of_a_phone_have_one_origin_and_their_order() -> None:
    harness = slow_harness()
    for number in range(5):
        ask_text(harness, number)
    harness.store.on_disk()
    keys = [sent for _, sent in harness.publisher.sent]
    assert [split_key(sent)[1] for sent in keys] == [1, 2, 3, 4, 5]
    assert len({split_key(sent)[0] for sent in keys}) == 1


def test_same_text_is_the_same_press_and_uses_up_no_number() -> None:
    harness = Harness()
    first = ask_text(harness)
    again = ask_text(harness)
    other = ask_text(harness, 2)
    assert again.words == ["accepted"]
    pressed = first.outcomes[0].key
    assert (again.outcomes[0].key, split_key(other.outcomes[0].key)[1]) == (pressed, 2)
    harness.report((pressed, "applied"), up=1_100)
    assert [first.last, again.last, ask_text(harness).last] == ["applied"] * 3
    with pytest.raises(Refusal) as refused:
        ask_text(harness, set=Wish(state="OFF"))
    assert refused.value.code is ErrorCode.KEY_REUSED


def test_text_of_a_light_that_is_not_known_any_more_is_answered() -> None:
    harness = Harness()
    pressed = ask_text(harness).outcomes[0].key
    harness.report((pressed, "applied"), up=1_100)
    harness.presses.forget("kitchen", harness.now)
    assert ask_text(harness).words == ["applied"]


def test_text_with_a_deadline_of_its_own_waits_for_the_disk() -> None:
    """What a power cut took back of it the light may know: its number must not come to mean another press."""
    harness = slow_harness()
    listener = ask_text(harness, not_after=moment(3_000))
    assert (harness.publisher.sent, listener.words) == ([], [])
    harness.store.on_disk()
    assert (len(harness.publisher.sent), listener.words) == (1, ["accepted"])


def test_text_that_was_refused_is_taken_later() -> None:
    harness = Harness()
    listener = ask_text(harness, 1, light="kitchen")
    with pytest.raises(Refusal):
        ask_text(harness, 2, light="cellar")
    harness.report(light="cellar")
    assert ask_text(harness, 2, light="cellar").words == listener.words == ["accepted"]


def origin_number(number: int) -> str:
    return key(1, f"{number:016x}")


def test_fifth_origin_of_a_phone_at_a_light_waits_for_a_place() -> None:
    harness = Harness()
    for number in range(4):
        assert harness.ask(key=origin_number(number)).words == ["accepted"]
    assert refused(harness, key=origin_number(5)) is ErrorCode.RATE_LIMITED
    assert harness.store.find(origin_number(5)) is None
    assert harness.ask(key=key(2, f"{3:016x}")).words == ["accepted"]
    assert harness.ask(key=origin_number(5), phone="bob").words == ["accepted"]
    harness.report(up=1_001, light="hall")
    assert harness.ask(key=origin_number(6), light="hall").words == ["accepted"]
    for number in range(4):
        harness.report((origin_number(number), "applied"), up=1_100 + number)
    assert refused(harness, key=origin_number(7)) is ErrorCode.RATE_LIMITED  # the light keeps the places all the same
    assert harness.ask(key=origin_number(0)).words == ["applied"]
    harness.later(2_100)
    assert harness.ask(key=origin_number(7)).words == ["accepted"]


def test_place_of_a_deadline_of_the_phones_own_is_kept_until_that() -> None:
    harness = Harness()
    for number in range(4):
        harness.ask(key=origin_number(number), not_after=moment(20_000))
    harness.later(18_900)
    assert refused(harness, key=origin_number(5)) is ErrorCode.RATE_LIMITED
    harness.later(200)
    assert harness.ask(key=origin_number(5)).words == ["accepted"]


def test_open_presses_of_an_earlier_life_keep_their_places() -> None:
    harness = Harness()
    for number in range(4):
        harness.ask(key=origin_number(number))
    assert refused(Harness(store=harness.store), key=origin_number(5)) is ErrorCode.RATE_LIMITED


def test_press_that_is_not_sent_takes_no_place() -> None:
    harness = Harness()
    harness.presses.on_broker(found=False, now=harness.now)
    for number in range(9):
        assert harness.ask(key=origin_number(number)).words == ["offline broker_away"]
    harness.presses.on_broker(found=True, now=harness.now)
    assert harness.ask(key=origin_number(9)).words == ["accepted"]


@pytest.mark.parametrize("not_after", [None, moment(3_000)])
def test_offline_is_said_once_it_is_on_the_disk(not_after: Moment | None) -> None:
    harness = slow_harness()
    harness.presses.on_broker(found=False, now=harness.now)
    listener = harness.ask(not_after=not_after)
    assert listener.words == []
    harness.store.on_disk()
    assert listener.words == ["offline broker_away"]
    assert len(harness.presses) == 0


def test_disk_that_fails_refuses_and_sends_nothing_until_it_is_asked_again() -> None:
    harness = slow_harness()
    listener = harness.ask()
    harness.store.on_disk(StoreUnavailable("the disk failed"))
    assert listener.refusals == [(key(), ErrorCode.STORE_UNAVAILABLE)]
    assert (harness.publisher.sent, listener.words, len(harness.presses)) == ([], [], 0)
    again = harness.ask()
    assert (harness.publisher.sent, again.words) == ([], [])
    harness.store.on_disk()
    assert (harness.publisher.sent, again.words) == ([("kitchen", key())], ["accepted"])


@pytest.mark.parametrize("is_offline", [False, True])
def test_press_that_another_bridge_has_just_stored_waits_for_the_disk_too(*, is_offline: bool) -> None:
    harness = slow_harness()
    other = Harness(store=harness.store)
    if is_offline:
        other.presses.on_broker(found=False, now=other.now)
    first, second = other.ask(), harness.ask()
    assert (harness.publisher.sent, other.publisher.sent, first.words, second.words) == ([], [], [], [])
    harness.store.on_disk()
    assert first.last == second.last == ("offline broker_away" if is_offline else "accepted")
    assert len(harness.publisher.sent) == (not is_offline)


def test_same_press_again_is_pushed_again_and_told_once_each() -> None:
    harness = Harness()
    first, second = harness.ask(), harness.ask()
    assert harness.publisher.sent == [("kitchen", key())] * 2
    harness.report((key(), "applied"))
    assert (first.words, second.words) == (["accepted", "applied"],) * 2


def test_watcher_that_asks_twice_hears_each_word_once() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.presses.ask(ask(), listener, harness.now)
    harness.report((key(), "applied"))
    assert listener.words == ["accepted", "accepted", "applied"]


def test_watcher_that_left_hears_nothing() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.presses.remove_listener(key(), listener)
    harness.presses.remove_listener(key(), listener)
    harness.report((key(), "applied"))
    assert listener.words == ["accepted"]


def test_closed_press_asked_again_is_answered_from_the_store() -> None:
    harness = Harness()
    harness.ask()
    harness.report((key(), "applied"))
    assert harness.ask().words == ["applied"]
    assert len(harness.publisher.sent) == 1


def test_closed_press_is_answered_though_its_light_is_not_known_any_more() -> None:
    harness = Harness()
    harness.ask()
    harness.report((key(), "applied"))
    empty = Harness(store=harness.store, with_light=False)
    empty.presses.on_broker(found=True, now=empty.now)
    assert empty.ask().words == ["applied"]


@pytest.mark.parametrize(
    "other",
    [
        {"set": Wish(state="OFF")},
        {"set": Wish(state="ON", brightness=1)},
        {"if_ver": (1, 0)},
        {"not_after": moment(2_000)},
        {"light": "hall"},
    ],
)
@pytest.mark.parametrize("closed", [True, False])
def test_same_key_with_another_payload_is_refused(other: dict[str, Any], closed: bool) -> None:
    harness = Harness()
    harness.report(light="hall")
    listener = harness.ask()
    if closed:
        harness.report((key(), "applied"))
    assert refused(harness, **other) is ErrorCode.KEY_REUSED
    assert len(harness.publisher.sent) == 1
    assert listener.words[0] == "accepted"


def test_press_stored_in_the_form_of_an_earlier_version_is_refused_and_acts_no_more() -> None:
    harness = Harness()
    harness.ask()
    harness.report((key(), "applied"))
    harness.store.records[key()] = harness.store.records[key()]._replace(payload="kitchen ON/- - -")
    assert refused(harness) is ErrorCode.KEY_REUSED
    assert len(harness.publisher.sent) == 1


@pytest.mark.parametrize("closed", [True, False])
def test_key_of_another_phone_is_forbidden(closed: bool) -> None:
    harness = Harness()
    harness.ask()
    if closed:
        harness.report((key(), "applied"))
    assert refused(harness, phone="bob") is ErrorCode.FORBIDDEN
    assert refused(harness, 2, phone="bob") is ErrorCode.FORBIDDEN
    assert len(harness.publisher.sent) == 1


def test_word_is_told_to_its_own_phone_only() -> None:
    harness = Harness()
    harness.ask()
    assert harness.presses.status_of(key(), Principal("ann")).status is PressStatus.ACCEPTED
    harness.report((key(), "applied"))
    assert harness.presses.status_of(key(), Principal("ann")).status is PressStatus.APPLIED
    for asked, phone in ((key(), "bob"), (key(9), "ann")):
        with pytest.raises(Refusal) as refusal:
            harness.presses.status_of(asked, Principal(phone))
        assert refusal.value.code is ErrorCode.UNKNOWN_PRESS


def test_open_presses_are_bounded() -> None:
    harness = Harness(max_open=3, max_open_per_light=2)
    harness.report(light="hall")
    harness.ask(1)
    harness.ask(2, phone="bob", key=key(2, "b" * 16))
    assert refused(harness, 3, phone="eve") is ErrorCode.OVERLOADED
    harness.ask(3, light="hall", phone="eve", key=key(3, "e" * 16))
    assert refused(harness, 4, light="hall", phone="joe") is ErrorCode.OVERLOADED
    assert harness.ask(1).words == ["accepted"]
    harness.report((key(1), "applied"))
    assert harness.ask(4, light="hall").words == ["accepted"]


def test_one_phone_that_leaves_presses_open_at_lights_that_are_away_leaves_room_for_others() -> None:
    harness = Harness(max_open=16, max_open_per_light=8)
    for light in ("kitchen", "hall", "cellar"):
        harness.report(light=light)
        harness.presses.on_availability(light, "offline", harness.now, live=True)
    for number, light in enumerate(("kitchen", "kitchen", "hall", "hall"), 1):
        harness.ask(number, light=light, not_after=moment(0))
    for number, light in enumerate(("kitchen", "cellar"), 5):
        assert refused(harness, number, light=light, not_after=moment(0)) is ErrorCode.OVERLOADED
    harness.report(up=1_001)
    assert harness.ask(20, phone="bob", key=key(20, "b" * 16)).words == ["accepted"]


def test_press_that_nobody_answers_is_unconfirmed_when_the_deadline_is_proven() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.later(1_999)
    assert listener.words == ["accepted"]
    harness.later(5)
    assert listener.words == ["accepted", "unconfirmed"]
    assert len(harness.publisher.sent) == 2
    harness.report(up=3_001)
    assert listener.last == "not_applied"


def test_alarm_is_set_for_the_deadline() -> None:
    harness = Harness()
    harness.ask()
    assert harness.presses.wake_at is not None
    assert harness.alarms == [harness.presses.wake_at]
    assert 2_000 * MS < harness.presses.wake_at - harness.now < 2_004 * MS
    harness.ask(2, patience_ms=9_000)
    assert len(harness.alarms) == 1
    harness.ask(3, patience_ms=100)
    assert len(harness.alarms) == 2


def test_report_before_the_deadline_settles_nothing() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.report(up=3_000)
    assert listener.words == ["accepted"]
    harness.report(up=3_001)
    assert listener.words == ["accepted", "not_applied"]


def test_missed_answer_is_asked_for_and_never_guessed() -> None:
    harness = Harness()
    listener = harness.ask()
    others = [(key(number, "f" * 16), "applied") for number in range(1, 5)]
    harness.report(*others, decided=6, up=3_500)
    assert listener.words == ["accepted", "unconfirmed"]
    assert harness.publisher.sent == [("kitchen", key())] * 2
    harness.report((key(), "applied"), decided=7, up=3_600)
    assert listener.last == "applied"


def test_press_of_a_light_that_rebooted_is_lost() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.report(boot="0000beef", epoch=2, up=5)
    assert listener.words == ["accepted", "lost_in_reboot"]


def test_press_for_a_boot_that_is_not_known_here_is_the_lights_to_decide() -> None:
    harness = Harness()
    listener = harness.ask(not_after=moment(2_000, boot="0000beef"))
    harness.later(4_000)
    harness.report(up=5_000)
    assert listener.words == ["accepted"]
    harness.report((key(), "rebooted"), up=5_001)
    assert listener.last == "lost_in_reboot"


def test_press_for_a_boot_that_becomes_known_gets_its_deadline() -> None:
    harness = Harness()
    listener = harness.ask(not_after=moment(2_000, boot="0000beef"))
    harness.report(boot="0000beef", epoch=2, up=500)
    harness.later(1_499)
    assert listener.words == ["accepted"]
    harness.later(4)
    assert listener.words == ["accepted", "unconfirmed"]
    harness.report(boot="0000beef", epoch=2, up=2_100)
    assert listener.last == "unconfirmed"
    harness.report((key(), "late"), boot="0000beef", epoch=2, up=2_200)
    assert listener.last == "refused late"


def test_stale_report_moves_nothing_but_what_it_decided() -> None:
    harness = Harness()
    harness.report(boot="0000beef", epoch=2, up=5)
    listener = harness.ask()
    harness.report(up=10**6)
    assert listener.words == ["accepted"]
    harness.report((key(), "applied"), up=10**6)
    assert listener.last == "applied"


def test_light_that_comes_back_is_pushed_again() -> None:
    harness = Harness()
    harness.ask()
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    harness.presses.on_availability("kitchen", "online", harness.now, live=False)
    assert harness.publisher.sent == [("kitchen", key())] * 2


def test_broker_that_comes_back_is_given_every_open_press() -> None:
    harness = Harness()
    harness.ask(1)
    harness.ask(2)
    harness.presses.on_broker(found=False, now=harness.now)
    harness.ask(1)
    assert len(harness.publisher.sent) == 2
    harness.presses.on_broker(found=True, now=harness.now)
    harness.presses.on_broker(found=True, now=harness.now)
    assert harness.publisher.sent[2:] == [("kitchen", key(1)), ("kitchen", key(2))]


def test_press_that_was_stored_unknown_to_its_phone_does_not_act_by_itself() -> None:
    """The answer of the store was lost, so the phone was told that nothing was taken; then the bridge died."""
    store = PressStore()
    Harness(store=store).ask()
    harness = Harness(store=store)
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    harness.presses.on_broker(found=False, now=harness.now)
    harness.presses.on_broker(found=True, now=harness.now)
    harness.later(1_900)
    assert harness.publisher.sent == []
    harness.later(200)
    assert harness.publisher.sent == [("kitchen", key())]  # it is too late to act; the light is asked what became of it


def test_press_for_a_boot_that_nobody_knows_is_settled_at_last() -> None:
    store = PressStore()
    Harness(store=store).ask(not_after=moment(2_000, boot="0000beef"))
    harness = Harness(store=store)
    harness.report(up=20_000)
    assert harness.publisher.sent == []
    harness.later(62_000)
    harness.report(up=82_000)
    assert harness.publisher.sent == [("kitchen", key())]


def test_press_is_unconfirmed_in_time_also_without_broker() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.presses.on_broker(found=False, now=harness.now)
    harness.later(2_100)
    assert listener.words == ["accepted", "unconfirmed"]
    harness.presses.on_broker(found=True, now=harness.now)
    assert len(harness.publisher.sent) == 2


def test_press_of_an_earlier_life_is_pushed_when_it_is_asked_for_and_settled() -> None:
    store = PressStore()
    before = Harness(store=store)
    before.ask()
    harness = Harness(store=store)
    assert harness.publisher.sent == []
    listener = harness.ask()
    assert harness.publisher.sent == [("kitchen", key())]
    assert listener.words == ["accepted"]
    harness.report(up=4_000)
    assert listener.last == "unconfirmed"
    harness.report((key(), "applied"), up=4_100)
    assert listener.last == "applied"


def test_open_press_that_a_replica_stored_is_taken_up() -> None:
    store = PressStore()
    harness, replica = Harness(store=store), Harness(store=store)
    replica.ask()
    listener = harness.ask()
    assert listener.words == ["accepted"]
    assert harness.publisher.sent == [("kitchen", key())]
    harness.report((key(), "applied"))
    assert listener.last == "applied"


def test_line_that_takes_nothing_leaves_the_press_open() -> None:
    harness = Harness()
    harness.publisher.down = True
    listener = harness.ask()
    assert listener.words == ["accepted"]
    harness.publisher.down = False
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    assert harness.publisher.sent == [("kitchen", key())]


def test_acknowledgement_is_a_leg() -> None:
    harness = Harness()
    harness.publisher.at = harness.now + 1 * MS
    listener = harness.ask()
    harness.presses.on_ack(key(), harness.now + 3 * MS)
    harness.presses.on_ack(key(99), harness.now)
    harness.now += 5 * MS
    harness.report((key(), "applied"))
    legs = listener.outcomes[-1].legs
    assert legs
    assert (legs.bridge_us, legs.ack_us, legs.light_us) == (5_000, 2_000, 100)


def test_change_is_shown_to_all_at_once_whoever_caused_it() -> None:
    harness = Harness()
    harness.later(1_000)
    shown = len(harness.broadcaster.lights)
    harness.report(version=(1, 9), state="OFF", up=2_000)
    assert len(harness.broadcaster.lights) == shown + 1
    view = harness.broadcaster.lights[-1].light
    assert (view.state, view.version, view.up) == ("OFF", (1, 9), 2_000)


def test_light_that_changes_fast_is_shown_at_its_pace_and_the_newest_last() -> None:
    harness = Harness()
    harness.later(1_000)
    shown = len(harness.broadcaster.lights)
    for number in range(1, 101):
        harness.report(version=(1, number), brightness=number, up=2_000)
        harness.later(1)
    harness.later(1_000)
    views = [frame.light for frame in harness.broadcaster.lights[shown:]]
    assert len(views) <= 2 + 100 * MS // PACE_NS
    assert views[-1].brightness == 100
    assert [view.version for view in views] == sorted({view.version for view in views})


def test_every_light_is_asked_for_a_report_once_the_broker_is_found() -> None:
    harness = Harness(with_light=False)
    harness.report(live=False)
    harness.report(light="hall", live=True)
    assert harness.publisher.knocks == {}
    harness.presses.on_broker(found=True, now=harness.now)
    assert list(harness.publisher.knocks) == ["kitchen", "hall"]
    command = decode_set(harness.publisher.knocks["kitchen"])
    assert command.key == f"{ASKS_AS}-1"
    assert (command.state, command.brightness, command.not_after) == ("ON", 200, moment(0, "00000000"))


def test_hours_of_silence_cost_no_memory() -> None:
    harness = Harness()
    for number in range(1, 200):
        harness.ask(number)
        harness.report((key(number), "applied"), up=1_000 + number)
        harness.later(20_000)
    assert len(harness.presses) == 0
    assert len(harness.presses._runner._deadlines) < 5
    assert harness.presses._open._listeners == {}
    assert harness.now > 1_000 * S


def test_words_of_many_phones_are_kept_apart() -> None:
    harness = Harness()
    ann = harness.ask(1)
    bob = Listener()
    harness.presses.ask(ask(1, key="f" * 16 + "-1", phone="bob"), bob, harness.now)
    harness.report((key(1), "superseded"))
    assert (ann.words, bob.words) == (["accepted", "refused superseded"], ["accepted"])


def by_press(number: int = 1, up: int = 1_000) -> Cause:
    return Cause(by="press", key=key(number), up=up)


def told(harness: Harness) -> tuple[str, str | None] | None:
    """Who changed the light that was shown last, once its pace has allowed it."""
    harness.later(50)
    change = harness.broadcaster.lights[-1].light.change
    return None if change is None else (change.by, change.phone)


def test_change_by_a_press_is_told_with_the_name_of_its_phone() -> None:
    harness = Harness()
    harness.ask(phone="ann")
    harness.report((key(), "applied"), cause=by_press())
    assert told(harness) == ("phone", "ann")


def test_press_that_changed_nothing_is_not_told_as_the_cause() -> None:
    harness = Harness()
    harness.ask(1, phone="ann")
    harness.ask(2, phone="bob", key=f"{'b' * 16}-1")
    harness.report((key(), "applied"), (f"{'b' * 16}-1", "applied"), version=(1, 1), cause=by_press())
    assert told(harness) == ("phone", "ann")


def test_change_by_a_press_that_the_store_does_not_know_names_nobody() -> None:
    harness = Harness()
    harness.report(version=(1, 1), cause=by_press(7))
    assert told(harness) == ("phone", None)


def test_change_by_a_press_on_another_light_names_nobody() -> None:
    harness = Harness()
    harness.report(light="hall")
    harness.ask()
    harness.report((key(), "applied"), light="hall", version=(1, 1), cause=by_press())
    assert told(harness) == ("phone", None)


def test_change_while_the_store_is_away_is_told_without_a_name_and_with_it_later() -> None:
    harness = Harness()
    harness.ask()
    harness.report((key(), "applied"), cause=by_press())
    other = Harness(store=harness.store)
    harness.store.broken = True
    other.report(version=(1, 1), cause=by_press())
    assert told(other) == ("phone", None)
    harness.store.broken = False
    named = other.presses.lights.view("kitchen", other.now).change
    assert named is not None
    assert named.phone == "ann"


def test_store_is_asked_once_for_the_name_behind_a_change() -> None:
    harness = Harness()
    harness.report(version=(1, 1), cause=by_press(7))
    for _ in range(9):
        harness.presses.lights.view("kitchen", harness.now)
    harness.report(version=(1, 1), cause=by_press(7), up=2_000)
    assert harness.store.asked == 1


def test_forgotten_light_is_gone_for_phones_and_presses() -> None:
    harness = Harness()
    harness.presses.forget("kitchen", harness.now)
    assert harness.broadcaster.gone == ["kitchen"]
    assert refused(harness) is ErrorCode.UNKNOWN_LIGHT


def test_change_that_was_held_back_of_a_forgotten_light_is_not_shown() -> None:
    harness = Harness()
    for number in (1, 2):
        harness.report((key(number), "applied"), brightness=number)
    harness.presses.forget("kitchen", harness.now)
    shown = len(harness.broadcaster.lights)
    harness.later(1_000)
    harness.presses.on_time(harness.now)
    assert len(harness.broadcaster.lights) == shown


def test_press_open_as_its_light_is_forgotten_has_the_lights_word_where_that_comes() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.presses.forget("kitchen", harness.now)
    assert listener.words == ["accepted"]
    harness.report((key(), "applied"))
    assert listener.words == ["accepted", "applied"]


def test_press_open_as_its_light_is_forgotten_ends_once_it_cannot_act_any_more() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.presses.forget("kitchen", harness.now)
    harness.later(1_900)
    harness.presses.on_time(harness.now)
    assert listener.words == ["accepted"]
    harness.later(200)
    harness.presses.on_time(harness.now)
    assert listener.words == ["accepted", "forgotten"]
    assert harness.store.records[key()].status is PressStatus.FORGOTTEN
    assert len(harness.presses) == 0
    assert harness.ask().words == ["forgotten"]


def test_press_that_cannot_act_any_more_ends_as_its_light_is_forgotten() -> None:
    harness = Harness()
    listener = harness.ask()
    harness.later(2_100)
    harness.presses.on_time(harness.now)
    harness.presses.forget("kitchen", harness.now)
    assert listener.words == ["accepted", "unconfirmed", "forgotten"]


@pytest.mark.parametrize("is_known", [True, False])
def test_press_of_an_earlier_life_on_a_forgotten_light_ends_after_a_minute(is_known: bool) -> None:
    store = PressStore()
    first = Harness(store=store)
    first.ask()
    second = Harness(store=store, with_light=False)
    if is_known:
        second.report(light="kitchen")
    second.presses.forget("kitchen", second.now)
    second.later(61_001)
    second.presses.on_time(second.now)
    assert store.records[key()].status is PressStatus.FORGOTTEN


@pytest.mark.parametrize("is_back", [True, False])
def test_press_on_a_light_that_was_once_forgotten_ends_so_only_if_it_is_not_back(*, is_back: bool) -> None:
    store = PressStore()
    Harness(store=store).ask()
    harness = Harness(store=store, with_light=False)
    harness.presses.lights.recall("kitchen")
    harness.presses.reload(harness.now)
    harness.later(300_000)  # the broker is away
    assert store.records[key()].status is PressStatus.ACCEPTED
    harness.presses.on_broker(found=True, now=harness.now)
    if is_back:
        harness.report(live=False)
    for _ in range(70):
        harness.later(1_000)
        harness.presses.on_broker(found=True, now=harness.now)
    assert harness.broadcaster.gone == ([] if is_back else ["kitchen"])
    assert (store.records[key()].status is PressStatus.FORGOTTEN) == (not is_back)


def test_will_of_a_forgotten_light_is_not_kept() -> None:
    harness = Harness()
    harness.presses.forget("kitchen", harness.now)
    harness.presses.on_availability("kitchen", "offline", harness.now, live=False)
    assert harness.publisher.emptied == []
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    assert harness.publisher.emptied == ["kitchen"]
    harness.report(boot="0000beef")
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    assert harness.publisher.emptied == ["kitchen"]


def silent_for_long(harness: Harness) -> None:
    """The broker delivers, and nobody else says anything."""
    for _ in range(40):
        harness.later(1_000)
        harness.presses.on_broker(found=True, now=harness.now)


def test_light_that_left_without_a_word_is_said_to_be_offline_once() -> None:
    harness = Harness()
    silent_for_long(harness)
    assert harness.publisher.offline == ["kitchen"]
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)  # its own word comes back
    silent_for_long(harness)
    assert harness.publisher.offline == ["kitchen"]


def test_light_that_another_bridge_or_its_will_has_called_offline_is_not_called_so_again() -> None:
    harness = Harness()
    harness.presses.on_availability("kitchen", "offline", harness.now, live=True)
    silent_for_long(harness)
    assert harness.publisher.offline == []


def test_light_is_said_to_be_offline_to_a_broker_that_forgot_it() -> None:
    """Home Assistant did not forget that it was online."""
    harness = Harness()
    harness.presses.on_broker(found=False, now=harness.now)
    harness.presses.on_broker(found=True, now=harness.now)
    silent_for_long(harness)
    assert not harness.presses.lights.by_name["kitchen"].online
    assert harness.publisher.offline == ["kitchen"]


def test_light_that_comes_back_and_leaves_again_is_said_to_be_offline_again() -> None:
    harness = Harness()
    silent_for_long(harness)
    harness.report(up=60_000)
    harness.presses.on_availability("kitchen", "online", harness.now, live=True)
    silent_for_long(harness)
    assert harness.publisher.offline == ["kitchen", "kitchen"]


def test_press_that_a_power_cut_may_have_taken_back_is_not_denied() -> None:
    """It was sent, acted, and its row was lost: the bridge that starts on the machine takes it for one never seen."""
    harness = Harness()
    harness.now = 5 * S  # since the machine has its power again
    harness.report(up=2_000)
    listener = harness.ask(not_after=moment(3_000))
    harness.report(up=3_500)
    assert listener.words == ["accepted", "unconfirmed"]
    harness.report((key(), "applied"), up=3_600)
    assert listener.last == "applied"


def test_press_past_its_deadline_may_have_been_sent_before_and_is_not_denied() -> None:
    harness = Harness()
    harness.report(up=9_000)
    listener = harness.ask(not_after=moment(3_000))
    harness.report(up=9_100)
    assert listener.last == "unconfirmed"
    harness.report((key(), "late"), up=9_200)
    assert listener.last == "refused late"


def test_press_that_a_power_cut_may_have_taken_back_is_not_called_offline() -> None:
    harness = Harness()
    harness.now = 5 * S
    harness.presses.on_broker(found=False, now=harness.now)
    listener = harness.ask(not_after=moment(3_000))
    assert listener.words == ["accepted"]
    harness.presses.on_broker(found=True, now=harness.now)
    assert harness.publisher.sent == [("kitchen", key())]
