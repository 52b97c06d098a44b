import asyncio
from collections.abc import AsyncIterator

import pytest

from presslight.contract.errors import ErrorCode
from presslight.contract.phone import BrokerStatus, LightChanged, Press, Shown
from presslight.mobile_sim import heartbeat
from presslight.mobile_sim import press as rules
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, Visit, apply, ignore, refuse, view


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A press without an answer takes another path at once."""
    monkeypatch.setattr(rules, "HEDGE_MS", 5)


@pytest.fixture
async def phone(bridge: FakeBridge) -> AsyncIterator[Phone]:
    """A phone whose spare link is up."""
    async with Phone(bridge.url, TOKEN) as on:
        await with_spare(bridge)
        yield on


async def with_spare(bridge: FakeBridge) -> None:
    """Wait until the spare link is up: only then it pings."""
    await bridge.until(lambda: len(bridge.visits) == 2 and bool(bridge.visits[1].heard))


def pressed(visit: Visit) -> list[str]:
    return [frame.key for frame in visit.heard if isinstance(frame, Press)]


def strand(bridge: FakeBridge) -> None:
    """The network forgets the sockets that there are: nothing comes through them any more. New ones work."""
    for visit in bridge.visits:
        visit.is_stranded = True


async def dead_first(visit: Visit, press: Press) -> None:
    """The first socket's answers are lost on the way."""
    if visit is not visit.bridge.visits[0]:
        await apply(visit, press)


async def test_press_is_answered_on_the_link_and_the_spare_stays_quiet(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "presslight.mobile_sim.press.HEDGE_MS", 60_000
    )  # a busy machine may take longer than people are asked to wait
    journey = await phone.press("kitchen", state="ON")
    assert journey.status is PhoneStatus.APPLIED
    link, spare = bridge.visits
    assert (pressed(link), pressed(spare)) == ([journey.key], [])


async def test_press_without_an_answer_is_answered_on_the_spare_and_acts_once(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = dead_first
    journey = await phone.press("kitchen", state="ON", patience_ms=10_000)
    link, spare = bridge.visits
    assert (journey.status, bridge.applied) == (PhoneStatus.APPLIED, {journey.key: 1})
    assert set(pressed(link)) == set(pressed(spare)) == {journey.key}
    await bridge.until(lambda: bool(bridge.shown))
    assert [frame for frame in spare.heard if isinstance(frame, Shown)] == bridge.shown


async def test_press_that_gets_no_answer_on_either_makes_both_anew(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "DOUBT_MS", 200)
    strand(bridge)
    journey = await phone.press("kitchen", state="ON", patience_ms=10_000)
    assert (journey.status, bridge.applied) == (PhoneStatus.APPLIED, {journey.key: 1})
    await bridge.until(lambda: len(bridge.hellos) >= 4)


async def test_refusal_on_the_spare_is_heard(bridge: FakeBridge, phone: Phone) -> None:
    async def answer(visit: Visit, press: Press) -> None:
        await (ignore if visit is bridge.visits[0] else refuse(ErrorCode.RATE_LIMITED))(visit, press)

    bridge.answer = answer
    heard = asyncio.Event()
    flight = phone.begin("kitchen", state="ON", patience_ms=10_000)
    flight.on_status = lambda status: heard.set() if status is PhoneStatus.RETRYING else None
    await heard.wait()
    assert flight.journey.reason == ErrorCode.RATE_LIMITED


async def test_lights_and_status_are_told_by_the_link_alone(bridge: FakeBridge, phone: Phone) -> None:
    link, spare = bridge.visits
    await spare.say(BrokerStatus(connected=False))
    await spare.say(LightChanged(light=view(state="ON", version=(1, 9))))
    bridge.answer = dead_first
    await phone.press("kitchen", state="OFF", patience_ms=10_000, wait_ms=20_000)  # its answer came after those two
    assert phone.broker
    assert phone.lights["kitchen"].version < (1, 9)
    await link.say(LightChanged(light=view(state="ON", version=(1, 9))))
    await phone.until(lambda lights: lights["kitchen"].version == (1, 9))


async def test_lost_spare_is_replaced_and_meanwhile_the_link_serves(bridge: FakeBridge, phone: Phone) -> None:
    link, spare = bridge.visits
    await spare.close(1012)
    bridge.answer = apply
    assert (await phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED
    await bridge.until(lambda: spare not in bridge.visits and len(bridge.visits) == 2)
    assert bridge.visits[0] is link
    assert bridge.hellos[-1].have["kitchen"].version >= (1, 1)


async def test_phone_may_do_without_a_spare(bridge: FakeBridge) -> None:
    async with Phone(bridge.url, TOKEN, spare=False) as phone:
        bridge.answer = dead_first
        await phone.press("kitchen", state="ON", patience_ms=100, wait_ms=150)
        assert len(bridge.hellos) == 1
        assert len(pressed(bridge.visits[0])) >= 2


async def test_phone_that_leaves_takes_its_spare_along(bridge: FakeBridge) -> None:
    async with Phone(bridge.url, TOKEN):
        await with_spare(bridge)
    await bridge.until(lambda: bridge.visits == [])


async def test_unused_spare_of_a_phone_that_is_turned_away_ends_with_it(bridge: FakeBridge, phone: Phone) -> None:
    for visit in list(bridge.visits):
        await visit.close(4101)
    await bridge.until(lambda: bridge.visits == [])
    assert len(bridge.hellos) == 2
