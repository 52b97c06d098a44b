"""The phone on the real thing: bridge, embedded broker, and lights that run the firmware on MicroPython."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presslight.mobile_sim.errors import Unreachable
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.measure import load
from presslight.mobile_sim.measure.result import Plan, conclude
from presslight.mobile_sim.phone import Phone
from presslight.stack import Stack
from tests.proxy import proxy


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    async with Stack(broker="embedded", lights=["kitchen", "hall"]) as running:
        yield running


@pytest.fixture
async def phone(stack: Stack) -> AsyncIterator[Phone]:
    async with Phone(stack.url, stack.token) as on:
        assert await load.reachable(on, ("hall", "kitchen"), wait_ms=30_000)
        yield on


async def test_press_lights_the_lamp_and_is_measured(stack: Stack, phone: Phone) -> None:
    journey = await phone.press("kitchen", state="ON", brightness=200)
    assert journey.status is PhoneStatus.APPLIED
    await stack.lights["kitchen"].until(lambda output: output.duty > 0)
    assert (phone.lights["kitchen"].state, phone.lights["kitchen"].brightness) == ("ON", 200)
    assert journey.press_to_light_ms is not None
    assert journey.light_ms is not None
    assert journey.total_ms is not None
    assert journey.light_ms < journey.press_to_light_ms < journey.total_ms


async def test_toggle_goes_there_and_back(phone: Phone) -> None:
    first, second = await phone.toggle("kitchen"), await phone.toggle("kitchen")
    assert (first.status, second.status) == (PhoneStatus.APPLIED, PhoneStatus.APPLIED)
    assert phone.lights["kitchen"].state == "OFF"


async def test_hand_at_the_lamp_is_shown(stack: Stack, phone: Phone) -> None:
    stack.lights["hall"].press_button()
    await phone.until(lambda lights: lights["hall"].state == "ON")


async def test_press_on_what_is_no_longer_so_is_refused(stack: Stack, phone: Phone) -> None:
    async with Phone(stack.url, stack.token) as other:
        seen = phone.lights["kitchen"].version
        await other.press("kitchen", state="ON")
        journey = await phone.press("kitchen", state="OFF", if_ver=seen)
    assert (journey.status, journey.reason) == (PhoneStatus.REFUSED, "precondition")
    await phone.until(lambda lights: lights["kitchen"].state == "ON")


async def test_lamp_without_power_is_offline_and_back_with_a_new_boot(stack: Stack, phone: Phone) -> None:
    boot = phone.lights["kitchen"].bound.boot
    await stack.lights["kitchen"].power_cut()
    await phone.until(lambda lights: not lights["kitchen"].online)
    gone = await phone.press("kitchen", state="ON")
    assert (gone.status, gone.reason) == (PhoneStatus.OFFLINE, "light_offline")
    await stack.lights["kitchen"].power_on()
    await phone.until(lambda lights: lights["kitchen"].online and lights["kitchen"].bound.boot != boot)
    assert (await phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED


async def test_slider_ends_where_the_finger_rests(phone: Phone) -> None:
    for brightness in range(1, 256):
        phone.slide("kitchen", state="ON", brightness=brightness)
    await phone.until(lambda lights: lights["kitchen"].brightness == 255 and lights["kitchen"].state == "ON")
    assert phone.lights["kitchen"].version[1] < 20


async def test_next_life_of_a_phone_takes_up_its_journal(stack: Stack, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    async with Phone(stack.url, stack.token, journal=journal) as phone:
        await phone.until(lambda lights: "kitchen" in lights and lights["kitchen"].online)
        flight = phone.begin("kitchen", state="ON")
    async with Phone(stack.url, stack.token, journal=journal) as phone:
        await phone.settled()
        assert phone.open == ()
        journey = await phone.press("kitchen", state="OFF")
    assert journey.status is PhoneStatus.APPLIED
    assert journey.key != flight.frame.key


async def test_proxy_that_forgets_upgrade_is_named(stack: Stack) -> None:
    async with proxy(stack.url, upgrades=False) as url:
        with pytest.raises(Unreachable, match="a proxy in front of the bridge does not pass WebSockets on"):
            async with Phone(url, stack.token, connect_ms=2_000):
                pass


async def test_load_on_real_lamps_applies_every_press(phone: Phone) -> None:
    plan = Plan(lights=("hall", "kitchen"), presses=30, warm_up=4, rate=40, patience_ms=10_000, budget_ms=60_000)
    result = conclude(await load.run(phone, plan), plan, phone.welcome.bridge)
    assert (result.verdict, result.words) == ("within", {"applied": 30})
    assert result.legs["light"].n == 30
    assert [phone.lights[name].state for name in plan.lights] == ["OFF", "OFF"]
