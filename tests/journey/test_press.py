"""A finger presses on a phone; the firmware switches a light; every phone is told."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from websockets.asyncio.client import ClientConnection, connect

from presslight.contract.phone import Hello, Press, PressOutcome, Wish
from presslight.contract.phone_codec import decode_bridge_frame, encode
from presslight.contract.topics import HOME_ASSISTANT_USER, SET
from presslight.mobile_sim.phone import Phone
from presslight.mobile_sim.screen import Light
from tests.journey.conftest import WAIT_S, House


async def test_press_lights_the_room(house: House) -> None:
    phone = await house.phone()
    journey = await phone.press("kitchen", state="ON", brightness=255)
    assert (journey.status, journey.copies) == ("applied", 1)
    await house.glows(lambda duty: duty == 65_535)
    assert journey.total_ms is not None
    assert journey.press_to_light_ms is not None
    assert 0 < journey.press_to_light_ms <= journey.total_ms


async def test_brightness_reaches_the_light(house: House) -> None:
    phone = await house.phone()
    await phone.press("kitchen", state="ON", brightness=255)
    await house.glows(lambda duty: duty == 65_535)
    await phone.press("kitchen", state="ON", brightness=128)
    await house.glows(lambda duty: 0 < duty < 65_535)
    await phone.press("kitchen", state="OFF")
    await house.glows(lambda duty: duty == 0)


async def test_other_phone_is_told(house: House) -> None:
    presser, watcher = await house.phone(), await house.phone()
    await presser.press("kitchen", state="ON", brightness=77)
    await house.sees(watcher, lambda light: light.state == "ON" and light.brightness == 77)


async def test_late_phone_sees_the_light_as_it_is(house: House) -> None:
    phone = await house.phone()
    await phone.press("kitchen", state="ON", brightness=9)
    late = await house.phone()
    assert (late.lights["kitchen"].state, late.lights["kitchen"].brightness) == ("ON", 9)


async def test_button_on_the_light_is_shown(house: House) -> None:
    phone = await house.phone()
    house.kitchen.press_button()
    await house.sees(phone, lambda light: light.state == "ON")
    await house.glows(lambda duty: duty > 0)


async def test_home_assistant_drives_the_light(house: House) -> None:
    phone = await house.phone()
    client = await house.mqtt(HOME_ASSISTANT_USER)
    await client.publish(SET.format(light="kitchen"), '{"state":"ON","brightness":42,"transition":2}', qos=1)
    await house.sees(phone, lambda light: light.state == "ON" and light.brightness == 42)


async def test_off_without_a_key_is_obeyed_whatever_stands_beside_it(house: House) -> None:
    phone = await house.phone()
    client = await house.mqtt(HOME_ASSISTANT_USER)
    for off in (
        '{"state":"OFF","brightness":0}',
        '{"state":"OFF","effect":"Küche \\"é\\"","flash":"short","x":[[[[[[1e5,{"y":1.5}]]]]]]}',
        '{"state":"OFF","x":"Küche"}'.encode("latin-1"),
    ):
        await phone.press("kitchen", state="ON", brightness=200)
        await client.publish(SET.format(light="kitchen"), off, qos=1)
        await house.sees(phone, lambda light: light.state == "OFF" and light.brightness == 200)


async def test_dropped_commands_are_counted_by_light_and_cause(house: House) -> None:
    phone = await house.phone()
    client = await house.mqtt(HOME_ASSISTANT_USER)
    for bad in ('{"state":"ON","brightness":0}', "off", '{"state":"off"}'):
        await client.publish(SET.format(light="kitchen"), bad, qos=1)
    journey = await phone.press("kitchen", state="ON")  # its report brings the counts
    assert journey.status == "applied"
    async with httpx.AsyncClient() as http:
        metrics = (await http.get(f"{house.stack.url}/metrics")).text
    told = {line for line in metrics.splitlines() if line.startswith("presslight_light_dropped_messages_total{")}
    prefix = 'presslight_light_dropped_messages_total{cause="'
    assert {f'{prefix}invalid",light="kitchen"}} 2.0', f'{prefix}malformed",light="kitchen"}} 1.0'} <= told


async def test_every_phone_is_told_who_changed_the_light(house: House) -> None:
    """The phone by its token's name, a hand on the light, Home Assistant, and a boot; also to who comes later."""
    presser, watcher = await house.phone(), await house.phone()
    await presser.press("kitchen", state="ON", brightness=77)
    await presser.press("kitchen", state="ON", brightness=77)  # applied, and no change
    for phone in (presser, watcher, await house.phone()):
        await house.sees(phone, lambda light: _changed_by(light) == ("phone", "demo"))
    house.kitchen.press_button()
    await house.sees(watcher, lambda light: _changed_by(light) == ("button", None))
    client = await house.mqtt(HOME_ASSISTANT_USER)
    await client.publish(SET.format(light="kitchen"), '{"state":"ON"}', qos=1)
    await house.sees(watcher, lambda light: _changed_by(light) == ("command", None))
    await house.kitchen.power_cut()
    await house.kitchen.power_on()
    await house.sees(watcher, lambda light: _changed_by(light) == ("start", None))


def _changed_by(light: Light) -> tuple[str, str | None] | None:
    return (light.change.by, light.change.phone) if light.change else None


async def test_toggle_from_an_old_screen_is_refused(house: House) -> None:
    phone = await house.phone()
    seen = phone.lights["kitchen"].version
    house.kitchen.press_button()
    await house.sees(phone, lambda light: light.version > seen)
    journey = await phone.press("kitchen", state="ON", if_ver=seen)
    assert (journey.status, journey.reason) == ("refused", "precondition")


async def test_same_key_acts_once(house: House) -> None:
    phone = await house.phone()
    press = Press(type="press", key="00000000000000aa-1", light="kitchen", set=Wish(state="ON", brightness=200))
    hello = Hello(type="hello", versions=(1,), token=house.stack.token)
    async with connect(house.stack.url.replace("http", "ws", 1) + "/ws") as socket, asyncio.timeout(WAIT_S):
        await socket.send(encode(hello))
        for _ in range(20):
            await socket.send(encode(press))
        await house.sees(phone, lambda light: light.brightness == 200)
        await phone.press("kitchen", state="OFF")
        await socket.send(encode(press))
        words = [frame.status async for frame in _outcomes(socket, 21)]
    assert set(words) <= {"accepted", "applied"}
    assert (phone.lights["kitchen"].state, phone.lights["kitchen"].version[1]) == ("OFF", 2)


async def _outcomes(socket: ClientConnection, count: int) -> AsyncIterator[PressOutcome]:
    """The next outcomes that a bare socket hears."""
    while count:
        frame = decode_bridge_frame(await socket.recv())
        if isinstance(frame, PressOutcome):
            count -= 1
            yield frame


async def test_many_hands_agree(house: House) -> None:
    phones = [await house.phone() for _ in range(4)]
    async with asyncio.TaskGroup() as tasks:
        for turn in range(5):
            for number, phone in enumerate(phones):
                tasks.create_task(phone.press("kitchen", state="ON", brightness=1 + turn * 10 + number))
    newest = max(phone.lights["kitchen"].version for phone in phones)
    for phone in phones:
        await house.sees(phone, lambda light: light.version >= newest)
    assert len({phone.lights["kitchen"].brightness for phone in phones}) == 1


async def test_phone_comes_back_with_its_journal(house: House) -> None:
    journal = house.folder / "journal"
    async with Phone(house.stack.url, house.stack.token, journal=journal) as phone:
        await house.sees(phone, lambda light: light.online)
        first = await phone.press("kitchen", state="ON")
    async with Phone(house.stack.url, house.stack.token, journal=journal) as phone:
        second = await phone.press("kitchen", state="OFF")
    assert first.key.split("-")[0] == second.key.split("-")[0]
    assert int(second.key.split("-")[1]) > int(first.key.split("-")[1])
