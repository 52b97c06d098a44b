import json
from typing import Any

import pytest

from presslight.cloud.core.display import PACE_NS
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import Cause, decode_set
from presslight.contract.phone import Wish
from presslight.contract.words import Moment, PressStatus, split_key
from tests.cloud.ports import ASKS_AS, BOOT, MS, Office, PressStore, S, Watcher, ask, key, moment


def refused(office: Office, number: int = 1, **more: Any) -> ErrorCode:
    with pytest.raises(Refusal) as refusal:
        office.ask(number, **more)
    return refusal.value.code


def test_press_is_stored_published_and_accepted() -> None:
    office = Office()
    watcher = office.ask(set=Wish(state="ON", brightness=7), if_ver=(1, 0))
    assert watcher.words == ["accepted"]
    assert office.line.sent == [("kitchen", key())]
    assert json.loads(office.line.messages[0]) == {
        "state": "ON",
        "brightness": 7,
        "key": key(),
        "not_after": {"boot": BOOT, "up": 3_000},
        "if_ver": [1, 0],
    }
    assert office.ledger.records[key()].status is PressStatus.ACCEPTED


def test_applied_press_is_told_and_closed() -> None:
    office = Office()
    watcher = office.ask()
    office.report((key(), "applied"))
    assert watcher.words == ["accepted", "applied"]
    assert office.ledger.records[key()].status is PressStatus.APPLIED
    assert len(office.presses) == 0
    assert office.observer.words == ["accepted", "applied"]


def test_decision_on_another_lights_topic_settles_nothing() -> None:
    office = Office()
    office.report(light="hall")
    watcher = office.ask()
    office.report((key(), "applied"), light="hall")
    assert watcher.words == ["accepted"]


def test_deadline_of_the_phone_is_kept() -> None:
    office = Office()
    office.ask(not_after=moment(1_500))
    assert decode_set(office.line.messages[0]).not_after == moment(1_500)


def test_patience_is_counted_from_the_proven_clock() -> None:
    office = Office()
    office.later(10_000)
    office.ask(patience_ms=500)
    assert decode_set(office.line.messages[-1]).not_after == moment(1_000 + 9_990 + 500)


def test_deadline_too_far_ahead_is_invalid() -> None:
    office = Office()
    assert refused(office, not_after=moment(21_001)) is ErrorCode.INVALID
    assert office.ask(not_after=moment(21_000)).words == ["accepted"]
    assert office.ask(2, not_after=moment(10**9, boot="0000beef")).words == ["accepted"]


def test_deadline_is_not_judged_by_the_clock_of_a_light_that_was_not_heard() -> None:
    office = Office(furnished=False)
    office.report(live=False)
    office.presses.on_broker(found=True, now=office.now)
    assert office.ask(not_after=moment(10**6)).words == ["offline light_offline"]


def test_unknown_light_is_refused_and_leaves_no_trace() -> None:
    office = Office()
    assert refused(office, light="cellar") is ErrorCode.UNKNOWN_LIGHT
    assert office.ledger.records == {}


def test_press_without_broker_is_offline_and_its_key_closed() -> None:
    office = Office()
    office.presses.on_broker(found=False, now=office.now)
    assert office.ask().words == ["offline broker_away"]
    assert office.ask(2, light="never-heard-of").words == ["offline broker_away"]
    office.presses.on_broker(found=True, now=office.now)
    assert office.ask().words == ["offline broker_away"]
    assert office.line.sent == []
    assert office.audience.statuses == [True, False, True]


def test_press_on_an_offline_light_is_offline_and_its_key_closed() -> None:
    office = Office()
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    assert office.ask().words == ["offline light_offline"]
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    office.report(up=1_001)
    assert office.ask().words == ["offline light_offline"]
    assert office.ask(2).words == ["accepted"]
    assert office.line.sent == [("kitchen", key(2))]


def test_heartbeat_is_not_shown() -> None:
    office = Office()
    shown = len(office.audience.lights)
    office.later(10_000)
    office.report(up=11_000)
    office.later(1_000)
    assert len(office.audience.lights) == shown


def test_light_that_left_without_a_word_is_shown_offline_and_takes_no_press() -> None:
    office = Office()
    for _ in range(36):
        office.later(1_000)
        office.presses.on_broker(found=True, now=office.now)
    assert [shown.light.online for shown in office.audience.lights] == [True, False]
    assert office.ask().words == ["offline light_offline"]
    assert office.line.sent == []


def test_light_that_comes_back_is_shown_with_its_report() -> None:
    office = Office()
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    office.later(1_000)
    shown = len(office.audience.lights)
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    assert len(office.audience.lights) == shown
    office.report(boot="0000beef", epoch=2)
    view = office.audience.lights[-1].light
    assert (view.online, view.boot) == (True, "0000beef")


@pytest.mark.parametrize("offline", [True, False])
def test_press_that_cannot_be_stored_is_not_sent(offline: bool) -> None:
    office = Office()
    if offline:
        office.presses.on_availability("kitchen", "offline", office.now, live=True)
    office.ledger.broken = True
    with pytest.raises(StoreUnavailable):
        office.ask()
    assert office.line.sent == []
    assert len(office.presses) == 0


def slow_office() -> Office:
    """Its disk takes nothing until it is told to."""
    office = Office()
    office.ledger.is_slow = True
    return office


def test_press_without_a_deadline_waits_for_the_disk() -> None:
    office = slow_office()
    watchers = [office.ask(), office.ask()]
    office.presses.on_broker(found=False, now=office.now)
    office.presses.on_broker(found=True, now=office.now)
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    office.later(1_000)
    assert (office.line.sent, [watcher.words for watcher in watchers]) == ([], [[], []])
    with pytest.raises(Refusal):
        office.presses.status_of(key(), "ann")
    office.ledger.on_disk()
    assert (office.line.sent, [watcher.words for watcher in watchers]) == ([("kitchen", key())], [["accepted"]] * 2)
    office.report((key(), "applied"), up=2_500)
    assert [watcher.last for watcher in watchers] == ["applied", "applied"]


def test_each_ask_while_the_disk_is_waited_for_is_answered() -> None:
    office = slow_office()
    watcher = office.ask()
    for _ in range(3):
        office.presses.ask(ask(), watcher, office.now)
    office.ledger.on_disk()
    assert watcher.words == ["accepted"] * 4


def test_press_with_a_deadline_of_its_own_does_not_wait_for_the_disk() -> None:
    office = slow_office()
    assert office.ask(not_after=moment(3_000)).words == ["accepted"]
    assert office.line.sent == [("kitchen", key())]


def test_press_for_which_the_disk_took_too_long_is_late() -> None:
    office = slow_office()
    watcher = office.ask()
    office.later(5_000)
    office.ledger.on_disk()
    office.later(10)
    assert watcher.words == ["accepted", "unconfirmed"]
    office.report((key(), "late"), up=9_000)
    assert watcher.last == "refused late"


TEXTS = [bytes([number]) * 32 for number in range(10)]


def ask_text(office: Office, number: int = 1, **more: Any) -> Watcher:
    return office.ask(key="", text=TEXTS[number], **more)


def test_texts_of_a_phone_have_one_origin_and_their_order() -> None:
    office = slow_office()
    for number in range(5):
        ask_text(office, number)
    office.ledger.on_disk()
    keys = [sent for _, sent in office.line.sent]
    assert [split_key(sent)[1] for sent in keys] == [1, 2, 3, 4, 5]
    assert len({split_key(sent)[0] for sent in keys}) == 1


def test_same_text_is_the_same_press_and_uses_up_no_number() -> None:
    office = Office()
    first = ask_text(office)
    again = ask_text(office)
    other = ask_text(office, 2)
    assert again.words == ["accepted"]
    pressed = first.outcomes[0].key
    assert (again.outcomes[0].key, split_key(other.outcomes[0].key)[1]) == (pressed, 2)
    office.report((pressed, "applied"), up=1_100)
    assert [first.last, again.last, ask_text(office).last] == ["applied"] * 3
    with pytest.raises(Refusal) as refused:
        ask_text(office, set=Wish(state="OFF"))
    assert refused.value.code is ErrorCode.KEY_REUSED


def test_text_of_a_light_that_is_not_known_any_more_is_answered() -> None:
    office = Office()
    pressed = ask_text(office).outcomes[0].key
    office.report((pressed, "applied"), up=1_100)
    office.presses.forget("kitchen", office.now)
    assert ask_text(office).words == ["applied"]


def test_text_with_a_deadline_of_its_own_waits_for_the_disk() -> None:
    """What a power cut took back of it the light may know: its number must not come to mean another press."""
    office = slow_office()
    watcher = ask_text(office, not_after=moment(3_000))
    assert (office.line.sent, watcher.words) == ([], [])
    office.ledger.on_disk()
    assert (len(office.line.sent), watcher.words) == (1, ["accepted"])


def test_text_that_was_refused_is_taken_later() -> None:
    office = Office()
    watcher = ask_text(office, 1, light="kitchen")
    with pytest.raises(Refusal):
        ask_text(office, 2, light="cellar")
    office.report(light="cellar")
    assert ask_text(office, 2, light="cellar").words == watcher.words == ["accepted"]


def origin_number(number: int) -> str:
    return key(1, f"{number:016x}")


def test_fifth_origin_of_a_phone_at_a_light_waits_for_a_place() -> None:
    office = Office()
    for number in range(4):
        assert office.ask(key=origin_number(number)).words == ["accepted"]
    assert refused(office, key=origin_number(5)) is ErrorCode.RATE_LIMITED
    assert office.ledger.find(origin_number(5)) is None
    assert office.ask(key=key(2, f"{3:016x}")).words == ["accepted"]
    assert office.ask(key=origin_number(5), phone="bob").words == ["accepted"]
    office.report(up=1_001, light="hall")
    assert office.ask(key=origin_number(6), light="hall").words == ["accepted"]
    for number in range(4):
        office.report((origin_number(number), "applied"), up=1_100 + number)
    assert refused(office, key=origin_number(7)) is ErrorCode.RATE_LIMITED  # the light keeps the places all the same
    assert office.ask(key=origin_number(0)).words == ["applied"]
    office.later(2_100)
    assert office.ask(key=origin_number(7)).words == ["accepted"]


def test_place_of_a_deadline_of_the_phones_own_is_kept_until_that() -> None:
    office = Office()
    for number in range(4):
        office.ask(key=origin_number(number), not_after=moment(20_000))
    office.later(18_900)
    assert refused(office, key=origin_number(5)) is ErrorCode.RATE_LIMITED
    office.later(200)
    assert office.ask(key=origin_number(5)).words == ["accepted"]


def test_open_presses_of_an_earlier_life_keep_their_places() -> None:
    office = Office()
    for number in range(4):
        office.ask(key=origin_number(number))
    assert refused(Office(ledger=office.ledger), key=origin_number(5)) is ErrorCode.RATE_LIMITED


def test_press_that_is_not_sent_takes_no_place() -> None:
    office = Office()
    office.presses.on_broker(found=False, now=office.now)
    for number in range(9):
        assert office.ask(key=origin_number(number)).words == ["offline broker_away"]
    office.presses.on_broker(found=True, now=office.now)
    assert office.ask(key=origin_number(9)).words == ["accepted"]


@pytest.mark.parametrize("not_after", [None, moment(3_000)])
def test_offline_is_said_once_it_is_on_the_disk(not_after: Moment | None) -> None:
    office = slow_office()
    office.presses.on_broker(found=False, now=office.now)
    watcher = office.ask(not_after=not_after)
    assert watcher.words == []
    office.ledger.on_disk()
    assert watcher.words == ["offline broker_away"]
    assert len(office.presses) == 0


def test_disk_that_fails_refuses_and_sends_nothing_until_it_is_asked_again() -> None:
    office = slow_office()
    watcher = office.ask()
    office.ledger.on_disk(StoreUnavailable("the disk failed"))
    assert watcher.refusals == [(key(), ErrorCode.STORE_UNAVAILABLE)]
    assert (office.line.sent, watcher.words, len(office.presses)) == ([], [], 0)
    again = office.ask()
    assert (office.line.sent, again.words) == ([], [])
    office.ledger.on_disk()
    assert (office.line.sent, again.words) == ([("kitchen", key())], ["accepted"])


@pytest.mark.parametrize("is_offline", [False, True])
def test_press_that_another_bridge_has_just_stored_waits_for_the_disk_too(*, is_offline: bool) -> None:
    office = slow_office()
    other = Office(ledger=office.ledger)
    if is_offline:
        other.presses.on_broker(found=False, now=other.now)
    first, second = other.ask(), office.ask()
    assert (office.line.sent, other.line.sent, first.words, second.words) == ([], [], [], [])
    office.ledger.on_disk()
    assert first.last == second.last == ("offline broker_away" if is_offline else "accepted")
    assert len(office.line.sent) == (not is_offline)


def test_same_press_again_is_pushed_again_and_told_once_each() -> None:
    office = Office()
    first, second = office.ask(), office.ask()
    assert office.line.sent == [("kitchen", key())] * 2
    office.report((key(), "applied"))
    assert (first.words, second.words) == (["accepted", "applied"],) * 2


def test_watcher_that_asks_twice_hears_each_word_once() -> None:
    office = Office()
    watcher = office.ask()
    office.presses.ask(ask(), watcher, office.now)
    office.report((key(), "applied"))
    assert watcher.words == ["accepted", "accepted", "applied"]


def test_watcher_that_left_hears_nothing() -> None:
    office = Office()
    watcher = office.ask()
    office.presses.leave(key(), watcher)
    office.presses.leave(key(), watcher)
    office.report((key(), "applied"))
    assert watcher.words == ["accepted"]


def test_closed_press_asked_again_is_answered_from_the_store() -> None:
    office = Office()
    office.ask()
    office.report((key(), "applied"))
    assert office.ask().words == ["applied"]
    assert len(office.line.sent) == 1


def test_closed_press_is_answered_though_its_light_is_not_known_any_more() -> None:
    office = Office()
    office.ask()
    office.report((key(), "applied"))
    empty = Office(ledger=office.ledger, furnished=False)
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
    office = Office()
    office.report(light="hall")
    watcher = office.ask()
    if closed:
        office.report((key(), "applied"))
    assert refused(office, **other) is ErrorCode.KEY_REUSED
    assert len(office.line.sent) == 1
    assert watcher.words[0] == "accepted"


def test_press_stored_in_the_form_of_an_earlier_version_is_refused_and_acts_no_more() -> None:
    office = Office()
    office.ask()
    office.report((key(), "applied"))
    office.ledger.records[key()] = office.ledger.records[key()]._replace(payload="kitchen ON/- - -")
    assert refused(office) is ErrorCode.KEY_REUSED
    assert len(office.line.sent) == 1


@pytest.mark.parametrize("closed", [True, False])
def test_key_of_another_phone_is_forbidden(closed: bool) -> None:
    office = Office()
    office.ask()
    if closed:
        office.report((key(), "applied"))
    assert refused(office, phone="bob") is ErrorCode.FORBIDDEN
    assert refused(office, 2, phone="bob") is ErrorCode.FORBIDDEN
    assert len(office.line.sent) == 1


def test_word_is_told_to_its_own_phone_only() -> None:
    office = Office()
    office.ask()
    assert office.presses.status_of(key(), "ann").status is PressStatus.ACCEPTED
    office.report((key(), "applied"))
    assert office.presses.status_of(key(), "ann").status is PressStatus.APPLIED
    for asked, phone in ((key(), "bob"), (key(9), "ann")):
        with pytest.raises(Refusal) as refusal:
            office.presses.status_of(asked, phone)
        assert refusal.value.code is ErrorCode.UNKNOWN_PRESS


def test_open_presses_are_bounded() -> None:
    office = Office(max_open=3, max_open_per_light=2)
    office.report(light="hall")
    office.ask(1)
    office.ask(2, phone="bob", key=key(2, "b" * 16))
    assert refused(office, 3, phone="eve") is ErrorCode.OVERLOADED
    office.ask(3, light="hall", phone="eve", key=key(3, "e" * 16))
    assert refused(office, 4, light="hall", phone="joe") is ErrorCode.OVERLOADED
    assert office.ask(1).words == ["accepted"]
    office.report((key(1), "applied"))
    assert office.ask(4, light="hall").words == ["accepted"]


def test_one_phone_that_leaves_presses_open_at_lights_that_are_away_leaves_room_for_others() -> None:
    office = Office(max_open=16, max_open_per_light=8)
    for light in ("kitchen", "hall", "cellar"):
        office.report(light=light)
        office.presses.on_availability(light, "offline", office.now, live=True)
    for number, light in enumerate(("kitchen", "kitchen", "hall", "hall"), 1):
        office.ask(number, light=light, not_after=moment(0))
    for number, light in enumerate(("kitchen", "cellar"), 5):
        assert refused(office, number, light=light, not_after=moment(0)) is ErrorCode.OVERLOADED
    office.report(up=1_001)
    assert office.ask(20, phone="bob", key=key(20, "b" * 16)).words == ["accepted"]


def test_press_that_nobody_answers_is_unconfirmed_when_the_deadline_is_proven() -> None:
    office = Office()
    watcher = office.ask()
    office.later(1_999)
    assert watcher.words == ["accepted"]
    office.later(5)
    assert watcher.words == ["accepted", "unconfirmed"]
    assert len(office.line.sent) == 2
    office.report(up=3_001)
    assert watcher.last == "not_applied"


def test_alarm_is_set_for_the_deadline() -> None:
    office = Office()
    office.ask()
    assert office.presses.wake_at is not None
    assert office.alarms == [office.presses.wake_at]
    assert 2_000 * MS < office.presses.wake_at - office.now < 2_004 * MS
    office.ask(2, patience_ms=9_000)
    assert len(office.alarms) == 1
    office.ask(3, patience_ms=100)
    assert len(office.alarms) == 2


def test_report_before_the_deadline_settles_nothing() -> None:
    office = Office()
    watcher = office.ask()
    office.report(up=3_000)
    assert watcher.words == ["accepted"]
    office.report(up=3_001)
    assert watcher.words == ["accepted", "not_applied"]


def test_missed_answer_is_asked_for_and_never_guessed() -> None:
    office = Office()
    watcher = office.ask()
    others = [(key(number, "f" * 16), "applied") for number in range(1, 5)]
    office.report(*others, decided=6, up=3_500)
    assert watcher.words == ["accepted", "unconfirmed"]
    assert office.line.sent == [("kitchen", key())] * 2
    office.report((key(), "applied"), decided=7, up=3_600)
    assert watcher.last == "applied"


def test_press_of_a_light_that_rebooted_is_lost() -> None:
    office = Office()
    watcher = office.ask()
    office.report(boot="0000beef", epoch=2, up=5)
    assert watcher.words == ["accepted", "lost_in_reboot"]


def test_press_for_a_boot_that_is_not_known_here_is_the_lights_to_decide() -> None:
    office = Office()
    watcher = office.ask(not_after=moment(2_000, boot="0000beef"))
    office.later(4_000)
    office.report(up=5_000)
    assert watcher.words == ["accepted"]
    office.report((key(), "rebooted"), up=5_001)
    assert watcher.last == "lost_in_reboot"


def test_press_for_a_boot_that_becomes_known_gets_its_deadline() -> None:
    office = Office()
    watcher = office.ask(not_after=moment(2_000, boot="0000beef"))
    office.report(boot="0000beef", epoch=2, up=500)
    office.later(1_499)
    assert watcher.words == ["accepted"]
    office.later(4)
    assert watcher.words == ["accepted", "unconfirmed"]
    office.report(boot="0000beef", epoch=2, up=2_100)
    assert watcher.last == "unconfirmed"
    office.report((key(), "late"), boot="0000beef", epoch=2, up=2_200)
    assert watcher.last == "refused late"


def test_stale_report_moves_nothing_but_what_it_decided() -> None:
    office = Office()
    office.report(boot="0000beef", epoch=2, up=5)
    watcher = office.ask()
    office.report(up=10**6)
    assert watcher.words == ["accepted"]
    office.report((key(), "applied"), up=10**6)
    assert watcher.last == "applied"


def test_light_that_comes_back_is_pushed_again() -> None:
    office = Office()
    office.ask()
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    office.presses.on_availability("kitchen", "online", office.now, live=False)
    assert office.line.sent == [("kitchen", key())] * 2


def test_broker_that_comes_back_is_given_every_open_press() -> None:
    office = Office()
    office.ask(1)
    office.ask(2)
    office.presses.on_broker(found=False, now=office.now)
    office.ask(1)
    assert len(office.line.sent) == 2
    office.presses.on_broker(found=True, now=office.now)
    office.presses.on_broker(found=True, now=office.now)
    assert office.line.sent[2:] == [("kitchen", key(1)), ("kitchen", key(2))]


def test_press_that_was_stored_unknown_to_its_phone_does_not_act_by_itself() -> None:
    """The answer of the store was lost, so the phone was told that nothing was taken; then the bridge died."""
    ledger = PressStore()
    Office(ledger=ledger).ask()
    office = Office(ledger=ledger)
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    office.presses.on_broker(found=False, now=office.now)
    office.presses.on_broker(found=True, now=office.now)
    office.later(1_900)
    assert office.line.sent == []
    office.later(200)
    assert office.line.sent == [("kitchen", key())]  # it is too late to act; the light is asked what became of it


def test_press_for_a_boot_that_nobody_knows_is_settled_at_last() -> None:
    ledger = PressStore()
    Office(ledger=ledger).ask(not_after=moment(2_000, boot="0000beef"))
    office = Office(ledger=ledger)
    office.report(up=20_000)
    assert office.line.sent == []
    office.later(62_000)
    office.report(up=82_000)
    assert office.line.sent == [("kitchen", key())]


def test_press_is_unconfirmed_in_time_also_without_broker() -> None:
    office = Office()
    watcher = office.ask()
    office.presses.on_broker(found=False, now=office.now)
    office.later(2_100)
    assert watcher.words == ["accepted", "unconfirmed"]
    office.presses.on_broker(found=True, now=office.now)
    assert len(office.line.sent) == 2


def test_press_of_an_earlier_life_is_pushed_when_it_is_asked_for_and_settled() -> None:
    ledger = PressStore()
    before = Office(ledger=ledger)
    before.ask()
    office = Office(ledger=ledger)
    assert office.line.sent == []
    watcher = office.ask()
    assert office.line.sent == [("kitchen", key())]
    assert watcher.words == ["accepted"]
    office.report(up=4_000)
    assert watcher.last == "unconfirmed"
    office.report((key(), "applied"), up=4_100)
    assert watcher.last == "applied"


def test_open_press_that_a_replica_stored_is_taken_up() -> None:
    ledger = PressStore()
    office, replica = Office(ledger=ledger), Office(ledger=ledger)
    replica.ask()
    watcher = office.ask()
    assert watcher.words == ["accepted"]
    assert office.line.sent == [("kitchen", key())]
    office.report((key(), "applied"))
    assert watcher.last == "applied"


def test_line_that_takes_nothing_leaves_the_press_open() -> None:
    office = Office()
    office.line.down = True
    watcher = office.ask()
    assert watcher.words == ["accepted"]
    office.line.down = False
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    assert office.line.sent == [("kitchen", key())]


def test_acknowledgement_is_a_leg() -> None:
    office = Office()
    office.line.at = office.now + 1 * MS
    watcher = office.ask()
    office.presses.on_ack(key(), office.now + 3 * MS)
    office.presses.on_ack(key(99), office.now)
    office.now += 5 * MS
    office.report((key(), "applied"))
    legs = watcher.outcomes[-1].legs
    assert legs
    assert (legs.bridge_us, legs.ack_us, legs.light_us) == (5_000, 2_000, 100)


def test_change_is_shown_to_all_at_once_whoever_caused_it() -> None:
    office = Office()
    office.later(1_000)
    shown = len(office.audience.lights)
    office.report(version=(1, 9), state="OFF", up=2_000)
    assert len(office.audience.lights) == shown + 1
    view = office.audience.lights[-1].light
    assert (view.state, view.version, view.up) == ("OFF", (1, 9), 2_000)


def test_light_that_changes_fast_is_shown_at_its_pace_and_the_newest_last() -> None:
    office = Office()
    office.later(1_000)
    shown = len(office.audience.lights)
    for number in range(1, 101):
        office.report(version=(1, number), brightness=number, up=2_000)
        office.later(1)
    office.later(1_000)
    views = [frame.light for frame in office.audience.lights[shown:]]
    assert len(views) <= 2 + 100 * MS // PACE_NS
    assert views[-1].brightness == 100
    assert [view.version for view in views] == sorted({view.version for view in views})


def test_every_light_is_asked_for_a_report_once_the_broker_is_found() -> None:
    office = Office(furnished=False)
    office.report(live=False)
    office.report(light="hall", live=True)
    assert office.line.knocks == {}
    office.presses.on_broker(found=True, now=office.now)
    assert list(office.line.knocks) == ["kitchen", "hall"]
    command = decode_set(office.line.knocks["kitchen"])
    assert command.key == f"{ASKS_AS}-1"
    assert (command.state, command.brightness, command.not_after) == ("ON", 200, moment(0, "00000000"))


def test_hours_of_silence_cost_no_memory() -> None:
    office = Office()
    for number in range(1, 200):
        office.ask(number)
        office.report((key(number), "applied"), up=1_000 + number)
        office.later(20_000)
    assert len(office.presses) == 0
    assert len(office.presses._deadlines) < 5
    assert office.presses._open._watchers == {}
    assert office.now > 1_000 * S


def test_words_of_many_phones_are_kept_apart() -> None:
    office = Office()
    ann = office.ask(1)
    bob = Watcher()
    office.presses.ask(ask(1, key="f" * 16 + "-1", phone="bob"), bob, office.now)
    office.report((key(1), "superseded"))
    assert (ann.words, bob.words) == (["accepted", "refused superseded"], ["accepted"])


def by_press(number: int = 1, up: int = 1_000) -> Cause:
    return Cause(by="press", key=key(number), up=up)


def told(office: Office) -> tuple[str, str | None] | None:
    """Who changed the light that was shown last, once its pace has allowed it."""
    office.later(50)
    change = office.audience.lights[-1].light.change
    return None if change is None else (change.by, change.phone)


def test_change_by_a_press_is_told_with_the_name_of_its_phone() -> None:
    office = Office()
    office.ask(phone="ann")
    office.report((key(), "applied"), cause=by_press())
    assert told(office) == ("phone", "ann")


def test_press_that_changed_nothing_is_not_told_as_the_cause() -> None:
    office = Office()
    office.ask(1, phone="ann")
    office.ask(2, phone="bob", key=f"{'b' * 16}-1")
    office.report((key(), "applied"), (f"{'b' * 16}-1", "applied"), version=(1, 1), cause=by_press())
    assert told(office) == ("phone", "ann")


def test_change_by_a_press_that_the_store_does_not_know_names_nobody() -> None:
    office = Office()
    office.report(version=(1, 1), cause=by_press(7))
    assert told(office) == ("phone", None)


def test_change_by_a_press_on_another_light_names_nobody() -> None:
    office = Office()
    office.report(light="hall")
    office.ask()
    office.report((key(), "applied"), light="hall", version=(1, 1), cause=by_press())
    assert told(office) == ("phone", None)


def test_change_while_the_store_is_away_is_told_without_a_name_and_with_it_later() -> None:
    office = Office()
    office.ask()
    office.report((key(), "applied"), cause=by_press())
    other = Office(ledger=office.ledger)
    office.ledger.broken = True
    other.report(version=(1, 1), cause=by_press())
    assert told(other) == ("phone", None)
    office.ledger.broken = False
    named = other.presses.lights.view("kitchen", other.now).change
    assert named is not None
    assert named.phone == "ann"


def test_store_is_asked_once_for_the_name_behind_a_change() -> None:
    office = Office()
    office.report(version=(1, 1), cause=by_press(7))
    for _ in range(9):
        office.presses.lights.view("kitchen", office.now)
    office.report(version=(1, 1), cause=by_press(7), up=2_000)
    assert office.ledger.asked == 1


def test_forgotten_light_is_gone_for_phones_and_presses() -> None:
    office = Office()
    office.presses.forget("kitchen", office.now)
    assert office.audience.gone == ["kitchen"]
    assert refused(office) is ErrorCode.UNKNOWN_LIGHT


def test_change_that_was_held_back_of_a_forgotten_light_is_not_shown() -> None:
    office = Office()
    for number in (1, 2):
        office.report((key(number), "applied"), brightness=number)
    office.presses.forget("kitchen", office.now)
    shown = len(office.audience.lights)
    office.later(1_000)
    office.presses.on_time(office.now)
    assert len(office.audience.lights) == shown


def test_press_open_as_its_light_is_forgotten_has_the_lights_word_where_that_comes() -> None:
    office = Office()
    watcher = office.ask()
    office.presses.forget("kitchen", office.now)
    assert watcher.words == ["accepted"]
    office.report((key(), "applied"))
    assert watcher.words == ["accepted", "applied"]


def test_press_open_as_its_light_is_forgotten_ends_once_it_cannot_act_any_more() -> None:
    office = Office()
    watcher = office.ask()
    office.presses.forget("kitchen", office.now)
    office.later(1_900)
    office.presses.on_time(office.now)
    assert watcher.words == ["accepted"]
    office.later(200)
    office.presses.on_time(office.now)
    assert watcher.words == ["accepted", "forgotten"]
    assert office.ledger.records[key()].status is PressStatus.FORGOTTEN
    assert len(office.presses) == 0
    assert office.ask().words == ["forgotten"]


def test_press_that_cannot_act_any_more_ends_as_its_light_is_forgotten() -> None:
    office = Office()
    watcher = office.ask()
    office.later(2_100)
    office.presses.on_time(office.now)
    office.presses.forget("kitchen", office.now)
    assert watcher.words == ["accepted", "unconfirmed", "forgotten"]


@pytest.mark.parametrize("is_known", [True, False])
def test_press_of_an_earlier_life_on_a_forgotten_light_ends_after_a_minute(is_known: bool) -> None:
    ledger = PressStore()
    first = Office(ledger=ledger)
    first.ask()
    second = Office(ledger=ledger, furnished=False)
    if is_known:
        second.report(light="kitchen")
    second.presses.forget("kitchen", second.now)
    second.later(61_001)
    second.presses.on_time(second.now)
    assert ledger.records[key()].status is PressStatus.FORGOTTEN


@pytest.mark.parametrize("is_back", [True, False])
def test_press_on_a_light_that_was_once_forgotten_ends_so_only_if_it_is_not_back(*, is_back: bool) -> None:
    ledger = PressStore()
    Office(ledger=ledger).ask()
    office = Office(ledger=ledger, furnished=False)
    office.presses.lights.recall("kitchen")
    office.presses.reload(office.now)
    office.later(300_000)  # the broker is away
    assert ledger.records[key()].status is PressStatus.ACCEPTED
    office.presses.on_broker(found=True, now=office.now)
    if is_back:
        office.report(live=False)
    for _ in range(70):
        office.later(1_000)
        office.presses.on_broker(found=True, now=office.now)
    assert office.audience.gone == ([] if is_back else ["kitchen"])
    assert (ledger.records[key()].status is PressStatus.FORGOTTEN) == (not is_back)


def test_will_of_a_forgotten_light_is_not_kept() -> None:
    office = Office()
    office.presses.forget("kitchen", office.now)
    office.presses.on_availability("kitchen", "offline", office.now, live=False)
    assert office.line.emptied == []
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    assert office.line.emptied == ["kitchen"]
    office.report(boot="0000beef")
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    assert office.line.emptied == ["kitchen"]


def silent_for_long(office: Office) -> None:
    """The broker delivers, and nobody else says anything."""
    for _ in range(40):
        office.later(1_000)
        office.presses.on_broker(found=True, now=office.now)


def test_light_that_left_without_a_word_is_said_to_be_offline_once() -> None:
    office = Office()
    silent_for_long(office)
    assert office.line.offline == ["kitchen"]
    office.presses.on_availability("kitchen", "offline", office.now, live=True)  # its own word comes back
    silent_for_long(office)
    assert office.line.offline == ["kitchen"]


def test_light_that_another_bridge_or_its_will_has_called_offline_is_not_called_so_again() -> None:
    office = Office()
    office.presses.on_availability("kitchen", "offline", office.now, live=True)
    silent_for_long(office)
    assert office.line.offline == []


def test_light_is_said_to_be_offline_to_a_broker_that_forgot_it() -> None:
    """Home Assistant did not forget that it was online."""
    office = Office()
    office.presses.on_broker(found=False, now=office.now)
    office.presses.on_broker(found=True, now=office.now)
    silent_for_long(office)
    assert not office.presses.lights.by_name["kitchen"].online
    assert office.line.offline == ["kitchen"]


def test_light_that_comes_back_and_leaves_again_is_said_to_be_offline_again() -> None:
    office = Office()
    silent_for_long(office)
    office.report(up=60_000)
    office.presses.on_availability("kitchen", "online", office.now, live=True)
    silent_for_long(office)
    assert office.line.offline == ["kitchen", "kitchen"]


def test_press_that_a_power_cut_may_have_taken_back_is_not_denied() -> None:
    """It was sent, acted, and its row was lost: the bridge that starts on the machine takes it for one never seen."""
    office = Office()
    office.now = 5 * S  # since the machine has its power again
    office.report(up=2_000)
    watcher = office.ask(not_after=moment(3_000))
    office.report(up=3_500)
    assert watcher.words == ["accepted", "unconfirmed"]
    office.report((key(), "applied"), up=3_600)
    assert watcher.last == "applied"


def test_press_past_its_deadline_may_have_been_sent_before_and_is_not_denied() -> None:
    office = Office()
    office.report(up=9_000)
    watcher = office.ask(not_after=moment(3_000))
    office.report(up=9_100)
    assert watcher.last == "unconfirmed"
    office.report((key(), "late"), up=9_200)
    assert watcher.last == "refused late"


def test_press_that_a_power_cut_may_have_taken_back_is_not_called_offline() -> None:
    office = Office()
    office.now = 5 * S
    office.presses.on_broker(found=False, now=office.now)
    watcher = office.ask(not_after=moment(3_000))
    assert watcher.words == ["accepted"]
    office.presses.on_broker(found=True, now=office.now)
    assert office.line.sent == [("kitchen", key())]
