import asyncio
import json
import random
from typing import Any

import pytest

from presslight.contract.errors import ErrorCode, Invalid
from presslight.contract.phone import BrokerStatus, LightChanged, Press
from presslight.contract.phone_codec import encode
from presslight.mobile_sim import press as rules
from presslight.mobile_sim.errors import UnknownLight, Unreachable
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import (
    TOKEN,
    Answer,
    FakeBridge,
    Visit,
    accept,
    act,
    apply,
    first,
    ignore,
    refuse,
    view,
)


async def test_press_is_applied_and_measured(bridge: FakeBridge, phone: Phone) -> None:
    journey = await phone.press("kitchen", state="ON", brightness=200)
    assert (journey.status, journey.light, journey.copies) == (PhoneStatus.APPLIED, "kitchen", 1)
    assert journey.total_ms is not None
    assert journey.press_to_light_ms is not None
    assert journey.error_ms is not None
    assert journey.press_to_light_ms + journey.error_ms == pytest.approx(journey.total_ms)
    assert journey.version == (1, 2)
    await phone.until(lambda lights: lights["kitchen"].state == "ON" and lights["kitchen"].brightness == 200)
    await bridge.until(lambda: bool(bridge.shown))
    assert bridge.shown[0].key == journey.key
    assert phone.open == ()


async def test_light_of_a_newer_firmware_is_shown_with_what_is_known_of_it(bridge: FakeBridge, phone: Phone) -> None:
    told = json.loads(encode(LightChanged(light=view(version=(1, 2), state="ON", traits=("brightness", "color")))))
    told["light"] |= {"color": {"x": 0.32, "y": 0.34}, "change": {"by": "schedule", "age_ms": 0}}
    await bridge.visits[0].socket.send(json.dumps(told))
    await phone.until(lambda lights: lights["kitchen"].version == (1, 2))
    light = phone.lights["kitchen"]
    assert (light.state, light.brightness, light.traits) == ("ON", 128, ("brightness", "color"))
    assert not phone.ignored


async def test_press_carries_key_deadline_and_no_more(bridge: FakeBridge, phone: Phone) -> None:
    await phone.press("kitchen", state="ON", patience_ms=1_000)
    press = bridge.presses[0]
    assert press.not_after is not None
    assert press.not_after.boot == bridge.lights["kitchen"].boot
    assert 61_000 <= press.not_after.up < 62_000
    assert press.set.brightness is None
    assert press.if_ver is None


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
    assert journey.status is PhoneStatus.APPLIED
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
    assert journey.status is PhoneStatus.APPLIED
    assert journey.copies == len(bridge.presses) >= 3
    assert {press.key for press in bridge.presses} == {journey.key}


@pytest.mark.parametrize(
    ("code", "status"), [(ErrorCode.UNKNOWN_LIGHT, PhoneStatus.REJECTED), (ErrorCode.KEY_REUSED, PhoneStatus.REJECTED)]
)
async def test_press_refused_for_good_did_not_happen(
    bridge: FakeBridge, phone: Phone, code: ErrorCode, status: PhoneStatus
) -> None:
    bridge.answer = refuse(code)
    journey = await phone.press("kitchen", state="ON")
    assert (journey.status, journey.reason) == (status, code)


async def test_press_over_the_rate_is_sent_again(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "HEDGE_MS", 5)
    bridge.answer = first(refuse(ErrorCode.RATE_LIMITED))
    journey = await phone.press("kitchen", state="ON")
    assert journey.status is PhoneStatus.APPLIED
    assert journey.copies >= 2


async def test_press_while_the_bridge_is_away_waits_and_leaves_with_the_next_link(
    bridge: FakeBridge, phone: Phone
) -> None:
    await bridge.stop()
    await phone.until(lambda _: phone.rtt_ms is None)
    flight = phone.begin("kitchen", state="ON", patience_ms=10_000)
    assert flight.journey.status is PhoneStatus.WAITING
    await bridge.start()
    assert (await flight.last_word(10_000)).status is PhoneStatus.APPLIED


async def test_press_that_found_no_bridge_in_time_was_never_sent(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.stop()
    await phone.until(lambda _: phone.rtt_ms is None)
    journey = await phone.press("kitchen", state="ON", patience_ms=100)
    assert (journey.status, journey.copies) == (PhoneStatus.NOT_SENT, 0)
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


async def test_phone_that_comes_back_knows_the_clocks_of_lights_that_did_not_change(
    bridge: FakeBridge, phone: Phone
) -> None:
    await bridge.stop()
    bridge.lights["kitchen"] = bridge.lights["kitchen"].model_copy(update={"up": 900_000})  # as after a long sleep
    await bridge.start()
    await phone.until(lambda _: phone.rtt_ms is None)
    await phone.until(lambda _: phone.rtt_ms is not None)
    await phone.press("kitchen", state="ON")
    assert bridge.hellos[1].have["kitchen"].version == (1, 1)
    deadline = bridge.presses[0].not_after
    assert deadline is not None
    assert deadline.up >= 900_000


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
    await bridge.visits[0].say(BrokerStatus(connected=False))
    await phone.until(lambda _: not phone.broker)
    assert phone.stale_ms() >= 0
    await bridge.visits[0].say(BrokerStatus(connected=True))
    await phone.until(lambda _: phone.broker)
    assert phone.stale_ms() == 0


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


async def test_light_that_appears_later_is_shown(bridge: FakeBridge, phone: Phone) -> None:
    await bridge.visits[0].say(LightChanged(light=view("hall", state="ON")))
    await phone.until(lambda lights: "hall" in lights)


async def test_phone_that_ends_has_sent_what_it_had_to_say(bridge: FakeBridge) -> None:
    bridge.answer = ignore
    async with Phone(bridge.url, TOKEN) as phone:
        keys = [phone.begin("kitchen", state="ON").frame.key for _ in range(20)]
    await bridge.until(lambda: len(bridge.presses) == 20)
    assert [press.key for press in bridge.presses] == keys


@pytest.mark.parametrize("seed", range(5))
async def test_phone_tells_the_truth_of_a_bridge_that_fails_at_random(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(rules, "HEDGE_MS", 10)
    draw = random.Random(seed)

    async def vanish(visit: Visit, press: Press) -> None:
        visit.socket.transport.abort()

    async def act_and_vanish(visit: Visit, press: Press) -> None:
        await act(visit, press)
        await vanish(visit, press)

    async def accept_and_vanish(visit: Visit, press: Press) -> None:
        await accept(visit, press)
        await vanish(visit, press)

    async def twice_with_garbage(visit: Visit, press: Press) -> None:
        await apply(visit, press)
        await visit.say("}{")
        await apply(visit, press)

    ways: list[Answer] = [apply, apply, vanish, act_and_vanish, accept_and_vanish, twice_with_garbage]
    ways += [refuse(ErrorCode.RATE_LIMITED), refuse(ErrorCode.STORE_UNAVAILABLE)]

    async def somehow(visit: Visit, press: Press) -> None:
        await draw.choice(ways)(visit, press)

    bridge.answer = somehow
    flights = [phone.begin("kitchen", state=draw.choice(["ON", "OFF"]), patience_ms=10_000) for _ in range(12)]
    journeys = [await flight.last_word(30_000) for flight in flights]
    assert {journey.status for journey in journeys} == {PhoneStatus.APPLIED}
    assert bridge.applied == {journey.key: 1 for journey in journeys}
