import asyncio

import pytest
from pydantic import BaseModel

from presslight.contract.phone import Legs, Press, PressOutcome, Wish
from presslight.contract.words import PressStatus, Reason
from presslight.mobile_sim import press as rules
from presslight.mobile_sim.clock import RealTime, Time, now_ms
from presslight.mobile_sim.events import LinkUp, PhoneStatus
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, Visit, accept, apply


async def test_press_that_nobody_answers_is_unconfirmed_and_later_tells_which(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "ASK_AGAIN_MS", 20)
    bridge.answer = accept
    flight = phone.begin("kitchen", state="ON", patience_ms=100)
    said: asyncio.Queue[PhoneStatus] = asyncio.Queue()
    flight.on_status = said.put_nowait
    assert (await said.get(), await said.get()) == (PhoneStatus.ACCEPTED, PhoneStatus.UNCONFIRMED)
    assert flight.journey.total_ms is None
    assert [journey.status for journey in phone.open] == [PhoneStatus.UNCONFIRMED]
    bridge.answer = lambda visit, press: visit.status(press, PressStatus.NOT_APPLIED)
    await phone.settled()
    assert (await said.get(), said.empty()) == (PhoneStatus.NOT_APPLIED, True)


async def test_press_gives_up_waiting_with_the_present_word(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = accept
    journey = await phone.press("kitchen", state="ON", wait_ms=50)
    assert journey.status in (PhoneStatus.ACCEPTED, PhoneStatus.PENDING)
    assert journey.total_ms is None


async def test_words_out_of_order_and_twice_change_nothing(bridge: FakeBridge, phone: Phone) -> None:
    async def jumbled(visit: Visit, press: Press) -> None:
        await visit.status(press, PressStatus.REFUSED, Reason.LATE)
        for status in (PressStatus.ACCEPTED, PressStatus.UNCONFIRMED, PressStatus.APPLIED, PressStatus.REFUSED):
            await visit.status(press, status)

    bridge.answer = jumbled
    flight = phone.begin("kitchen", state="ON")
    assert (await flight.last_word(5_000)).status is PhoneStatus.REFUSED
    bridge.answer = apply
    await phone.press("kitchen", state="ON")
    assert (flight.journey.status, flight.journey.reason) == (PhoneStatus.REFUSED, Reason.LATE)


async def test_waiting_press_gets_the_present_word_when_the_phone_ends(bridge: FakeBridge) -> None:
    bridge.answer = accept
    async with Phone(bridge.url, TOKEN) as phone:
        waiting = asyncio.create_task(phone.press("kitchen", state="ON", wait_ms=60_000))
        await bridge.until(lambda: bool(bridge.presses))
    assert not (await waiting).status.final


async def test_press_of_an_earlier_life_is_sent_with_its_age_and_is_no_journey() -> None:
    sent: list[BaseModel] = []
    forgotten: list[str] = []

    class PressPorts:
        time: Time = RealTime()

        def send(self, frame: BaseModel, *, hedge: bool = False) -> None:
            sent.append(frame)

        def store_press(self, press: Press, lead_ms: int) -> None:
            raise AssertionError

        def forget_press(self, key: str) -> None:
            forgotten.append(key)

    frame = Press(type="press", key="0123456789abcdef-7", light="kitchen", set=Wish(state="ON"))
    flight = InFlightPress(frame, 2_000, now_ms(), PressPorts(), aged_ms=5_000)
    flight.on_event(LinkUp(10))
    legs = Legs(bridge_us=100, light_us=10)
    flight.outcome(
        PressOutcome(key=frame.key, light="kitchen", status=PressStatus.APPLIED, final=True, version=(1, 2), legs=legs)
    )
    (copy,) = sent
    assert isinstance(copy, Press)
    assert 5_000 <= copy.age_ms < 60_000
    assert copy.model_copy(update={"age_ms": 0}) == frame
    assert forgotten == [frame.key]
    journey = flight.journey
    assert (journey.status, journey.version) == (PhoneStatus.APPLIED, (1, 2))
    assert (journey.total_ms, journey.press_to_light_ms) == (None, None)
