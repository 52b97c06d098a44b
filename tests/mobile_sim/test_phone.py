import asyncio
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CloseCode, ErrorCode, Invalid
from contract.phone import LightChanged, Ping, Press, Status
from contract.words import Reason, Word
from mobile_sim import press as rules
from mobile_sim.errors import JournalBroken, TooManyOpen, TurnedAway, UnknownLight, Unreachable
from mobile_sim.events import Said
from mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, Visit, accept, act, apply, first, ignore, refuse, view


async def test_press_is_applied_and_measured(bridge: FakeBridge, phone: Phone) -> None:
    journey = await phone.press("kitchen", state="ON", brightness=200)
    assert (journey.word, journey.light, journey.copies) == (Said.APPLIED, "kitchen", 1)
    assert journey.total_ms is not None
    assert journey.press_to_light_ms is not None
    assert journey.error_ms is not None
    assert journey.press_to_light_ms + journey.error_ms == pytest.approx(journey.total_ms)
    assert journey.version == (1, 2)
    await phone.until(lambda lights: lights["kitchen"].state == "ON" and lights["kitchen"].brightness == 200)
    await bridge.until(lambda: bool(bridge.shown))
    assert bridge.shown[0].key == journey.key
    assert phone.open == ()


async def test_press_carries_key_deadline_and_no_more(bridge: FakeBridge, phone: Phone) -> None:
    await phone.press("kitchen", state="ON", patience_ms=1_000)
    press = bridge.presses[0]
    assert press.not_after is not None
    assert press.not_after.boot == bridge.lights["kitchen"].boot
    assert 61_000 <= press.not_after.up < 62_000
    assert press.set.brightness is None
    assert press.if_ver is None


async def test_keys_count_up_and_deadlines_never_go_back(bridge: FakeBridge, phone: Phone) -> None:
    for patience_ms in (10_000, 100):
        await phone.press("kitchen", state="ON", patience_ms=patience_ms)
    one, two = bridge.presses
    assert one.key.rpartition("-")[0] == two.key.rpartition("-")[0]
    assert int(two.key.rpartition("-")[2]) == int(one.key.rpartition("-")[2]) + 1
    assert one.not_after is not None
    assert two.not_after is not None
    assert two.not_after.up >= one.not_after.up


async def test_toggle_asks_for_the_other_state_of_the_light_as_shown(bridge: FakeBridge, phone: Phone) -> None:
    await phone.toggle("kitchen")
    await phone.until(lambda lights: lights["kitchen"].state == "ON")
    await phone.toggle("kitchen")
    assert [(press.set.state, press.if_ver) for press in bridge.presses] == [("ON", (1, 1)), ("OFF", (1, 2))]


async def test_answer_lost_after_the_light_acted_is_found_again_with_the_same_key(
    bridge: FakeBridge, phone: Phone
) -> None:
    async def act_and_vanish(visit: Visit, press: Press) -> None:
        await act(visit, press)
        visit.socket.transport.abort()

    bridge.answer = first(act_and_vanish)
    journey = await phone.press("kitchen", state="ON")
    assert journey.word is Said.APPLIED
    assert [press.key for press in bridge.presses] == [journey.key] * 2
    assert bridge.applied == {journey.key: 1}
    assert bridge.presses[1].age_ms >= bridge.presses[0].age_ms
    assert bridge.presses[1].not_after == bridge.presses[0].not_after


async def test_press_without_an_answer_is_repeated_until_accepted(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "HEDGE_MS", 5)
    bridge.answer = first(ignore, first(ignore))
    journey = await phone.press("kitchen", state="ON", patience_ms=10_000)
    assert journey.word is Said.APPLIED
    assert journey.copies == len(bridge.presses) >= 3
    assert {press.key for press in bridge.presses} == {journey.key}


async def test_press_that_nobody_answers_is_unconfirmed_and_later_tells_which(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "ASK_AGAIN_MS", 20)
    bridge.answer = accept
    flight = phone.begin("kitchen", state="ON", patience_ms=100)
    said: asyncio.Queue[Said] = asyncio.Queue()
    flight.on_word = said.put_nowait
    assert (await said.get(), await said.get()) == (Said.ACCEPTED, Said.UNCONFIRMED)
    assert flight.journey.total_ms is None
    assert [journey.word for journey in phone.open] == [Said.UNCONFIRMED]
    bridge.answer = lambda visit, press: visit.word(press, Word.NOT_APPLIED)
    await phone.settled()
    assert (await said.get(), said.empty()) == (Said.NOT_APPLIED, True)


async def test_press_gives_up_waiting_with_the_present_word(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = accept
    journey = await phone.press("kitchen", state="ON", wait_ms=50)
    assert journey.word in (Said.ACCEPTED, Said.PENDING)
    assert journey.total_ms is None


async def test_words_out_of_order_and_twice_change_nothing(bridge: FakeBridge, phone: Phone) -> None:
    async def jumbled(visit: Visit, press: Press) -> None:
        await visit.word(press, Word.REFUSED, Reason.LATE)
        for word in (Word.ACCEPTED, Word.UNCONFIRMED, Word.APPLIED, Word.REFUSED):
            await visit.word(press, word)

    bridge.answer = jumbled
    flight = phone.begin("kitchen", state="ON")
    assert (await flight.last_word(5_000)).word is Said.REFUSED
    bridge.answer = apply
    await phone.press("kitchen", state="ON")
    assert (flight.journey.word, flight.journey.reason) == (Said.REFUSED, Reason.LATE)


@pytest.mark.parametrize(
    ("code", "word"), [(ErrorCode.UNKNOWN_LIGHT, Said.REJECTED), (ErrorCode.KEY_REUSED, Said.REJECTED)]
)
async def test_press_refused_for_good_did_not_happen(
    bridge: FakeBridge, phone: Phone, code: ErrorCode, word: Said
) -> None:
    bridge.answer = refuse(code)
    journey = await phone.press("kitchen", state="ON")
    assert (journey.word, journey.reason) == (word, code)


async def test_press_over_the_rate_is_sent_again(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "REFUSED_AGAIN_MS", 5)
    monkeypatch.setattr(rules, "HEDGE_MS", 5)
    bridge.answer = first(refuse(ErrorCode.RATE_LIMITED))
    journey = await phone.press("kitchen", state="ON")
    assert journey.word is Said.APPLIED
    assert journey.copies >= 2


async def test_press_while_the_bridge_is_away_waits_and_leaves_with_the_next_link(
    bridge: FakeBridge, phone: Phone
) -> None:
    await bridge.stop()
    await phone.until(lambda _: phone.rtt_ms is None)
    flight = phone.begin("kitchen", state="ON", patience_ms=10_000)
    assert flight.journey.word is Said.WAITING
    await bridge.start()
    assert (await flight.last_word(10_000)).word is Said.APPLIED


async def test_press_that_found_no_bridge_in_time_was_never_sent(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.stop()
    await phone.until(lambda _: phone.rtt_ms is None)
    journey = await phone.press("kitchen", state="ON", patience_ms=100)
    assert (journey.word, journey.copies) == (Said.NOT_SENT, 0)
    await bridge.start()
    await phone.until(lambda _: phone.rtt_ms is not None)
    assert bridge.presses == []


async def test_lights_of_a_resumed_phone_are_only_what_is_newer(bridge: FakeBridge, phone: Phone) -> None:
    bridge.lights["hall"] = view("hall")
    await bridge.stop()
    bridge.lights["kitchen"] = bridge.lights["kitchen"].model_copy(update={"state": "ON", "version": (1, 7)})
    await bridge.start()
    await phone.until(lambda lights: lights["kitchen"].version == (1, 7) and "hall" in lights)
    assert bridge.hellos[0].have == {}
    assert bridge.hellos[1].have["kitchen"].version == (1, 1)


async def test_older_news_of_a_light_is_not_shown(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.change("kitchen", state="ON", version=(1, 5))
    await bridge.change("kitchen", state="OFF", version=(1, 4))
    await bridge.change("kitchen", version=(1, 6), state="ON")
    changes = phone.changes()
    await phone.until(lambda lights: lights["kitchen"].version == (1, 6))
    assert (await anext(changes)).state == "ON"


async def test_changes_tell_every_light_that_looks_different(bridge: FakeBridge, phone: Phone) -> None:
    changes = phone.changes()
    await bridge.change("kitchen", up=70_000)  # a better bound looks like nothing
    await bridge.change("kitchen", online=False)
    assert (await anext(changes)).online is False
    await bridge.change("kitchen", online=True, state="ON", version=(1, 2))
    light = await anext(changes)
    assert (light.online, light.state) == (True, "ON")


async def test_status_makes_the_screen_stale_and_fresh_again(bridge: FakeBridge, phone: Phone) -> None:
    assert phone.stale_ms() == 0
    await bridge.visits[0].say(Status(broker=False))
    await phone.until(lambda _: not phone.broker)
    assert phone.stale_ms() >= 0
    await bridge.visits[0].say(Status(broker=True))
    await phone.until(lambda _: phone.broker)
    assert phone.stale_ms() == 0


async def test_light_that_rebooted_makes_an_open_press_unconfirmed_at_once(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = first(accept, lambda visit, press: visit.word(press, Word.LOST_IN_REBOOT))
    flight = phone.begin("kitchen", state="ON", patience_ms=10_000)
    await bridge.until(lambda: bool(bridge.presses))
    await bridge.change("kitchen", boot="deadbeef", up=10, version=(2, 0))
    assert (await flight.last_word(10_000)).word is Said.LOST_IN_REBOOT


async def test_phone_answers_pings_and_knows_the_round_trip(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(Ping(n=7))
    await bridge.until(lambda: bool(bridge.pongs))
    assert bridge.pongs[0].n == 7
    assert phone.rtt_ms is not None


async def test_phone_leaves_a_silent_bridge_and_comes_back() -> None:
    async with FakeBridge(ping_ms=20) as bridge:
        bridge.answers_pings = False
        async with Phone(bridge.url, TOKEN):
            await bridge.until(lambda: len(bridge.hellos) >= 3)


@pytest.mark.parametrize("code", [CloseCode.RESTART, CloseCode.SLOW, CloseCode.OVERLOADED, 1001, 1011])
async def test_phone_comes_back_after_a_close_that_allows_it(bridge: FakeBridge, phone: Phone, code: int) -> None:
    await bridge.visits[0].close(code)
    await bridge.until(lambda: len(bridge.hellos) == 2)
    await phone.until(lambda _: phone.rtt_ms is not None)
    assert (await phone.press("kitchen", state="ON")).word is Said.APPLIED


@pytest.mark.parametrize("code", [CloseCode.UNAUTHENTICATED, CloseCode.ABUSE])
async def test_phone_stays_away_after_a_close_that_forbids_it(bridge: FakeBridge, phone: Phone, code: int) -> None:
    await bridge.visits[0].close(code)
    with pytest.raises(TurnedAway) as turned_away:
        await phone.until(lambda _: False)
    assert turned_away.value.close_code == code
    with pytest.raises(TurnedAway):
        await phone.press("kitchen", state="ON")
    assert len(bridge.hellos) == 1


async def test_phone_with_a_bad_token_is_turned_away_with_the_reason(bridge: FakeBridge) -> None:
    with pytest.raises(TurnedAway, match="token is not known"):
        async with Phone(bridge.url, "wrong"):
            pass


async def test_phone_without_a_bridge_says_what_is_wrong(bridge: FakeBridge) -> None:
    await bridge.stop()
    with pytest.raises(Unreachable, match=r"no bridge at http://127.0.0.1:\d+: .*refused"):
        async with Phone(bridge.url, TOKEN, connect_ms=200):
            pass


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", '{"type":"dance"}', '{"type":"light"}', '{"type":"outcome","key":"x"}', "\x00"]
)
async def test_frames_that_make_no_sense_are_counted_and_harm_nothing(
    bridge: FakeBridge, phone: Phone, frame: str
) -> None:
    await bridge.visits[0].say(frame)
    assert (await phone.press("kitchen", state="ON")).word is Said.APPLIED
    assert sum(phone.ignored.values()) == 1
    assert len(bridge.hellos) == 1


async def test_oversized_frame_ends_the_socket_and_not_the_phone(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(" " * 2_000_000)
    await bridge.until(lambda: len(bridge.hellos) == 2)
    await phone.until(lambda _: phone.rtt_ms is not None)
    assert (await phone.press("kitchen", state="ON")).word is Said.APPLIED


async def test_phone_that_is_killed_asks_in_its_next_life(bridge: FakeBridge, tmp_path: Path) -> None:
    bridge.answer = accept
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        key = phone.begin("kitchen", state="ON").frame.key
        await bridge.until(lambda: bool(bridge.presses))
    bridge.answer = apply
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        await phone.settled()
        after = await phone.press("kitchen", state="OFF")
    assert [press.key for press in bridge.presses] == [key, key, after.key]
    assert bridge.applied == {key: 1, after.key: 1}
    assert [shown.key for shown in bridge.shown] == [after.key]
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        assert phone.open == ()


async def test_press_that_cannot_be_stored_is_not_sent(bridge: FakeBridge, tmp_path: Path) -> None:
    async with Phone(bridge.url, TOKEN, journal=tmp_path / "journal") as phone:
        phone._journal.close()
        phone._journal._file = 1 << 20  # no such descriptor: every write fails
        with pytest.raises(JournalBroken):
            await phone.press("kitchen", state="ON")
        assert phone.open == ()
        phone._journal._file = None
        await phone.press("kitchen", state="ON")
    assert len(bridge.presses) == 1


@pytest.mark.parametrize(
    "wish", [{"state": "on"}, {"state": "ON", "brightness": 0}, {"state": "ON", "brightness": 256}]
)
async def test_wish_that_the_contract_lacks_is_invalid(phone: Phone, wish: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await phone.press("kitchen", **wish)


async def test_patience_out_of_range_is_invalid(phone: Phone) -> None:
    with pytest.raises(Invalid):
        await phone.press("kitchen", state="ON", patience_ms=60_000)


async def test_light_that_is_not_shown_is_unknown(phone: Phone) -> None:
    with pytest.raises(UnknownLight, match="cellar"):
        await phone.press("cellar", state="ON")


async def test_open_presses_are_bounded(bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile_sim.presses.MAX_OPEN", 2)
    bridge.answer = accept
    for _ in range(2):
        phone.begin("kitchen", state="ON")
    with pytest.raises(TooManyOpen):
        phone.begin("kitchen", state="ON")


async def test_slider_sends_the_first_and_the_newest_value(bridge: FakeBridge, phone: Phone) -> None:
    for brightness in range(1, 101):
        phone.slide("kitchen", brightness)
    await phone.until(lambda lights: lights["kitchen"].brightness == 100)
    assert [press.set.brightness for press in bridge.presses] == [1, 100]


async def test_phone_that_is_off_says_so(bridge: FakeBridge) -> None:
    phone = Phone(bridge.url, TOKEN)
    with pytest.raises(Unreachable):
        await phone.press("kitchen", state="ON")
    async with phone:
        waiting = asyncio.create_task(phone.until(lambda _: False))
        await phone.press("kitchen", state="ON")
    with pytest.raises(Unreachable):
        await waiting


async def test_error_in_the_body_leaves_the_phone_as_it_is(bridge: FakeBridge) -> None:
    with pytest.raises(KeyError):
        async with Phone(bridge.url, TOKEN):
            raise KeyError


async def test_waiting_press_gets_the_present_word_when_the_phone_ends(bridge: FakeBridge) -> None:
    bridge.answer = accept
    async with Phone(bridge.url, TOKEN) as phone:
        waiting = asyncio.create_task(phone.press("kitchen", state="ON", wait_ms=60_000))
        await bridge.until(lambda: bool(bridge.presses))
    assert not (await waiting).word.final


def test_phone_refuses_an_address_that_is_none() -> None:
    with pytest.raises(Invalid):
        Phone("mqtt://somewhere", TOKEN)


async def test_light_that_appears_later_is_shown(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(LightChanged(light=view("hall", state="ON")))
    await phone.until(lambda lights: "hall" in lights)
