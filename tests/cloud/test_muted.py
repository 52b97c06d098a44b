"""A light that floods, on both brokers: it alone is muted, and no other light or phone is affected."""

import asyncio

import pytest

from presslight.cloud.store import forgetting
from presslight.cloud.store.forgetting import Answer
from presslight.contract.topics import AVAILABILITY
from tests.cloud.conftest import House
from tests.cloud.fake_light import FakeLight
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S, RawPhone


@pytest.fixture
async def open_house(any_house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house whose bridge mutes a light after few messages."""
    monkeypatch.setattr("presslight.cloud.mqtt.muting.MESSAGES_PER_S", 20)
    monkeypatch.setattr("presslight.cloud.mqtt.muting.BURST", 50)
    await any_house.open()
    return any_house


async def flood(light: FakeLight, house: House, phone: RawPhone) -> None:
    """Send reports until the light is muted and the phone is told so."""
    async with asyncio.timeout(WAIT_S):
        while light.name not in house.bridge.muting.muted:
            await light.report()
    await phone.sees(light.name, online=False)


async def is_applied(phone: RawPhone, number: int, light: str) -> bool:
    await phone.press(number, light=light, set={"state": "ON" if number % 2 else "OFF"}, patience_ms=10_000)
    outcome = await phone.until("outcome", key=key(number), final=True)
    return bool(outcome["status"] == "applied")


async def test_client_that_reconnects_again_and_again_loses_no_press_and_tells_nobody(open_house: House) -> None:
    await open_house.light()
    phone = await open_house.phone()
    found_at = open_house.bridge.presses.lights.found_at
    for number in range(1, 41):
        open_house.bridge.mqtt.reconnect()
        assert await is_applied(phone, number, "kitchen")
    assert open_house.bridge.presses.lights.found_at == found_at


async def test_light_that_floods_is_offline_until_its_time_is_over(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = await open_house.light("hall")
    await open_house.light()
    phone = await open_house.phone()
    with monkeypatch.context() as short:
        short.setattr("presslight.cloud.mqtt.muting.FIRST_MUTE_NS", 1_000_000_000)
        await flood(hall, open_house, phone)
    assert await is_applied(phone, 1, "kitchen")
    await phone.sees("hall", online=True)
    assert await is_applied(phone, 2, "hall")
    assert open_house.bridge.muting.muted == set()


async def test_press_that_a_light_answers_unheard_has_its_last_word_once_it_is_heard_again(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = await open_house.light("hall")
    phone = await open_house.phone()
    hall.deaf = True
    await phone.press(1, light="hall", patience_ms=10_000)
    await phone.until("outcome", status="accepted")
    monkeypatch.setattr("presslight.cloud.mqtt.muting.FIRST_MUTE_NS", 1_000_000_000)
    await flood(hall, open_house, phone)
    hall.deaf = False
    assert (await phone.until("outcome", key=key(1), final=True))["status"] == "applied"


async def test_light_that_is_new_is_found_while_another_one_is_muted(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.cloud.mqtt.client.POLL_NEW_LIGHTS_S", 0.1)
    hall = await open_house.light("hall")
    phone = await open_house.phone()
    await flood(hall, open_house, phone)
    async with FakeLight("kitchen", open_house.address("kitchen")) as kitchen:
        await phone.sees("kitchen", online=True)
        assert await is_applied(phone, 1, "kitchen")
        assert len(kitchen.model.acted) == 1
    assert open_house.bridge.muting.muted == {"hall"}


async def test_light_that_boots_again_is_heard_while_another_one_is_muted(open_house: House) -> None:
    hall = await open_house.light("hall")
    kitchen = await open_house.light()
    phone = await open_house.phone()
    await flood(hall, open_house, phone)
    await kitchen.available("offline")
    await phone.sees("kitchen", online=False)
    await kitchen.report()
    await kitchen.available("online")
    await phone.sees("kitchen", online=True)
    assert await is_applied(phone, 1, "kitchen")


async def test_muted_light_can_be_forgotten(open_house: House) -> None:
    hall = await open_house.light("hall")
    phone = await open_house.phone()
    await flood(hall, open_house, phone)
    await hall.__aexit__(None, None, None)
    store = open_house.bridge.settings.store
    answer = await asyncio.to_thread(forgetting.request_forgetting, store, "hall", 10)
    assert answer is Answer.FORGOTTEN
    await phone.until("gone", light="hall")


async def test_what_the_broker_keeps_of_a_muted_light_does_not_show_it_as_online(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.cloud.mqtt.client.POLL_NEW_LIGHTS_S", 0.05)
    hall = await open_house.light("hall")
    phone = await open_house.phone()
    await flood(hall, open_house, phone)
    await hall.say(AVAILABILITY.format(light="hall"), b"online", retain=True)
    async with FakeLight("kitchen", open_house.address("kitchen")):
        await phone.sees("kitchen", online=True)  # the bridge has looked since
        await phone.press(1, light="hall")
        assert (await phone.until("outcome", key=key(1)))["reason"] == "light_offline"
