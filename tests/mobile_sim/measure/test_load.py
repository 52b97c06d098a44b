import time

import pytest

from presslight.contract.words import PressStatus, Reason
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.measure import load
from presslight.mobile_sim.measure.load import BridgeAlone, NoLight, TooFast
from presslight.mobile_sim.measure.result import Plan
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge, accept, view


def plan(*lights: str, presses: int = 12, rate: float = 50, patience_ms: int = 2_000) -> Plan:
    return Plan(lights=lights, presses=presses, warm_up=4, rate=rate, patience_ms=patience_ms, budget_ms=2_000)


async def test_load_presses_every_light_in_turn_and_counts_what_follows_the_warm_up(bridge: FakeBridge) -> None:
    bridge.lights["hall"] = view("hall", state="ON")
    done: list[int] = []
    async with Phone(bridge.url, TOKEN) as phone:
        tally = await load.run(phone, plan("hall", "kitchen"), done.append)
    assert tally.words == {PhoneStatus.APPLIED: 12}
    assert done == list(range(1, 17))
    run = [(press.light, press.set.state) for press in bridge.presses[:4]]
    assert run == [("hall", "OFF"), ("kitchen", "ON"), ("hall", "ON"), ("kitchen", "OFF")]
    lateness = tally.lateness.figures()
    assert lateness is not None
    assert lateness.n == 12


async def test_load_puts_the_lights_back(bridge: FakeBridge) -> None:
    bridge.lights["kitchen"] = view(state="ON")
    async with Phone(bridge.url, TOKEN) as phone:
        await load.run(phone, plan("kitchen", presses=3))
    assert bridge.lights["kitchen"].state == "ON"


async def test_total_counts_from_the_intended_press(bridge: FakeBridge, phone: Phone) -> None:
    def stall(done: int) -> None:
        if done == 8:
            until = time.monotonic() + 0.1
            while time.monotonic() < until:  # the generator is busy: the next presses are due meanwhile
                pass

    tally = await load.run(phone, plan("kitchen", presses=8), stall)
    total, late = tally.confirmation.figures(), tally.lateness.figures()
    assert total is not None
    assert late is not None
    assert total.max >= late.max >= 75


async def test_presses_without_a_last_word_are_counted_as_they_are(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "DRAIN_MS", 50 - 10_000)  # 50 ms in all
    bridge.answer = accept
    tally = await load.run(phone, plan("kitchen", presses=3, patience_ms=10_000))
    assert sum(tally.words.values()) == 3
    assert not any(status.final for status in tally.words)


async def test_presses_that_are_refused_are_failures(bridge: FakeBridge, phone: Phone) -> None:
    bridge.answer = lambda visit, press: visit.status(press, PressStatus.OFFLINE, Reason.LIGHT_OFFLINE)
    tally = await load.run(phone, plan("kitchen", presses=3))
    assert tally.failures == {"offline: light_offline": 3}


async def test_rate_over_the_limit_of_the_bridge_is_refused(phone: Phone) -> None:
    with pytest.raises(TooFast, match="51 presses a second are over the bridge's limit of 50"):
        await load.run(phone, plan("kitchen", rate=51))


async def test_lights_to_press_are_those_online(bridge: FakeBridge) -> None:
    bridge.lights |= {"attic": view("attic"), "cellar": view("cellar", online=False)}
    async with Phone(bridge.url, TOKEN) as phone:
        assert await load.reachable(phone, (), 50) == ("attic", "kitchen")
        assert await load.reachable(phone, ("kitchen",), 50) == ("kitchen",)
        with pytest.raises(NoLight, match="cellar, nowhere"):
            await load.reachable(phone, ("kitchen", "cellar", "nowhere"), 50)


async def test_light_that_comes_online_is_waited_for(bridge: FakeBridge) -> None:
    bridge.lights["kitchen"] = view(online=False)
    async with Phone(bridge.url, TOKEN) as phone:
        with pytest.raises(NoLight, match="no light is online"):
            await load.reachable(phone, (), 50)
        await bridge.change("kitchen", online=True)
        assert await load.reachable(phone, (), 5_000) == ("kitchen",)


async def test_bridge_without_a_broker_cannot_be_measured() -> None:
    async with FakeBridge(broker=False) as bridge, Phone(bridge.url, TOKEN) as phone:
        with pytest.raises(BridgeAlone):
            await load.reachable(phone, (), 50)
