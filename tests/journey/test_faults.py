"""What users live through: plugs pulled, Wi-Fi gone, brokers dead or frozen, bridges restarted."""

import asyncio
import os
import signal

import pytest

from presslight.broker.mosquitto import Mosquitto
from presslight.contract.mqtt import decode_report
from presslight.contract.topics import AVAILABILITY, HOME_ASSISTANT_USER, STATE
from presslight.stack import Stack
from tests.journey.conftest import WAIT_S, House

KEEP_ALIVE_MS = 4_000


async def test_power_cut_keeps_the_state(house: House) -> None:
    phone = await house.phone()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_kept(house, "on 255"))
        await phone.press("kitchen", state="ON", brightness=255)
    assert house.kitchen.duty == 65_535
    epoch = phone.lights["kitchen"].version[0]
    await house.kitchen.power_cut()
    await house.sees(phone, lambda light: not light.online)
    await house.kitchen.power_on()
    await house.sees(phone, lambda light: light.online and light.version[0] > epoch)
    assert phone.lights["kitchen"].state == "ON"
    await house.glows(lambda duty: duty == 65_535)


async def test_press_on_a_light_without_power_is_offline(house: House) -> None:
    phone = await house.phone()
    await house.kitchen.power_cut()
    await house.sees(phone, lambda light: not light.online)
    journey = await phone.press("kitchen", state="ON")
    assert (journey.status, journey.reason) == ("offline", "light_offline")
    await house.kitchen.power_on()
    await house.sees(phone, lambda light: light.online)
    assert phone.lights["kitchen"].state == "OFF"


async def test_press_into_lost_wifi_never_acts_late(house: House) -> None:
    phone = await house.phone()
    house.kitchen.set_wifi(False)
    journey = await phone.press("kitchen", state="ON", patience_ms=300, wait_ms=1_000)
    assert journey.status in ("unconfirmed", "offline")
    house.kitchen.set_wifi(True)
    async with asyncio.timeout(WAIT_S):
        await phone.settled()
    await house.sees(phone, lambda light: light.online)
    assert phone.lights["kitchen"].state == "OFF"
    assert house.kitchen.duty == 0
    assert (await phone.press("kitchen", state="ON")).status == "applied"


async def test_button_works_without_network(house: House) -> None:
    phone = await house.phone()
    house.kitchen.set_wifi(False)
    house.kitchen.press_button()
    await house.glows(lambda duty: duty > 0)
    house.kitchen.set_wifi(True)
    await house.sees(phone, lambda light: light.online and light.state == "ON")


async def test_broker_dies_and_comes_back(house: House) -> None:
    phone = await house.phone()
    assert house.stack.broker
    if isinstance(house.stack.broker, Mosquitto):
        await house.stack.broker.kill()
    else:
        await house.stack.broker.stop()
    async with asyncio.timeout(WAIT_S):
        await phone.until(lambda _: not phone.broker)
    journey = await phone.press("kitchen", state="ON")
    assert (journey.status, journey.reason) == ("offline", "broker_away")
    await house.stack.broker.start()
    async with asyncio.timeout(WAIT_S):
        await phone.until(lambda _: phone.broker)
        await house.kitchen.until(lambda output: output.link == "up")
        while (await phone.press("kitchen", state="ON")).status != "applied":
            pass  # its report may be on its way still


@pytest.mark.parametrize("house", ["mosquitto"], indirect=True)
async def test_frozen_broker_is_told(house: House) -> None:
    phone = await house.phone()
    assert isinstance(house.stack.broker, Mosquitto)
    os.kill(house.stack.broker.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(WAIT_S):
            await phone.until(lambda _: not phone.broker)
    finally:
        os.kill(house.stack.broker.pid, signal.SIGCONT)
    await house.sees(phone, lambda light: light.online)
    async with asyncio.timeout(WAIT_S):
        await phone.until(lambda _: phone.broker)
    assert (await phone.press("kitchen", state="ON")).status == "applied"


@pytest.mark.parametrize("house", ["mosquitto"], indirect=True)
async def test_idle_light_stays_online(house: House) -> None:
    client = await house.mqtt(HOME_ASSISTANT_USER)
    await client.subscribe(STATE.format(light="kitchen"))
    await client.subscribe(AVAILABILITY.format(light="kitchen"))
    heard = []
    async for message in client.messages:
        heard.append(message.payload)
        if message.topic.value.endswith("state") and decode_report(message.payload).up > 2 * KEEP_ALIVE_MS:
            break
    assert b"offline" not in heard


async def test_dead_light_is_started_again(house: House) -> None:
    phone = await house.phone()
    watch = asyncio.create_task(house.stack.restart_dead_parts(), name="watch")
    try:
        epoch = phone.lights["kitchen"].version[0]
        os.kill(house.kitchen.pid, signal.SIGKILL)
        await house.sees(phone, lambda light: light.version[0] > epoch)
        assert (await phone.press("kitchen", state="ON")).status == "applied"
    finally:
        watch.cancel()
        await asyncio.wait([watch])


async def test_restarted_house_knows_its_light(house: House) -> None:
    phone = await house.phone()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_kept(house, "on 33"))
        await phone.press("kitchen", state="ON", brightness=33)
    await house.exits.aclose()
    broker = "mosquitto" if isinstance(house.stack.broker, Mosquitto) else "embedded"
    async with Stack(broker=broker, lights=["kitchen"], folder=house.folder) as stack:
        again = House(stack, house.folder, house.exits)
        phone = await again.phone()
        assert (phone.lights["kitchen"].state, phone.lights["kitchen"].brightness) == ("ON", 33)
        await house.exits.aclose()


async def _kept(house: House, state: str) -> None:
    """Wait until the light has written that state to its flash: it says so in its log."""
    async with asyncio.timeout(WAIT_S):
        await house.kitchen.until(lambda output: output.log == f"flash: kept {state}")
