"""A running Home Assistant beside presslight: what its owner sees, on both brokers."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL

import pytest

from lamp.output import duty
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.broker.refusals import RefusalKind
from presslight.contract.topics import HOME_ASSISTANT_USER
from presslight.mobile_sim.events import PhoneStatus
from tests.homeassistant.client import WAIT_S
from tests.homeassistant.home import Home
from tests.homeassistant.releases import RELEASES

pytestmark = [pytest.mark.homeassistant, pytest.mark.timeout(300)]

WITH_EVERY_RELEASE = pytest.mark.parametrize("release", RELEASES, ids=str)
KITCHEN, HALL = "light.kitchen", "light.hall"
VALUES = (1, 2, 3, 51, 77, 127, 128, 200, 253, 254, 255)


@WITH_EVERY_RELEASE
async def test_light_appears_by_itself_and_is_exact_both_ways(empty_home: Home) -> None:
    """MQTT is set up as its form proposes."""
    home, client = empty_home, empty_home.client
    await home.join()
    await client.until_shows(KITCHEN, "off")
    for value in VALUES:
        await client.call("light", "turn_on", entity_id=KITCHEN, brightness=value)
        await shines(home, duty(True, value))
        await home.phone_sees(lambda light, value=value: (light.state, light.brightness) == ("ON", value))  # type: ignore[misc] # mypy cannot type a lambda's default
        await client.until_shows(KITCHEN, "on", brightness=value, color_mode="brightness")
    for value in VALUES:
        assert (await home.phone.press("kitchen", state="ON", brightness=value)).status is PhoneStatus.APPLIED
        await client.until_shows(KITCHEN, "on", brightness=value)
    await client.call("light", "turn_off", entity_id=KITCHEN)
    await shines(home, 0)
    await home.phone_sees(lambda light: light.state == "OFF")
    home.kitchen.press_button()
    await client.until_shows(KITCHEN, "on", brightness=VALUES[-1])
    await home.phone.press("kitchen", state="OFF")
    await client.until_shows(KITCHEN, "off")
    [device] = await client.devices()
    assert (device["name"], device["manufacturer"], device["model"]) == ("kitchen", "presslight", "lamp")
    assert home.assistant.complaints() == []
    assert await client.cards() == []


@WITH_EVERY_RELEASE
async def test_each_part_may_restart(home: Home, our_broker: EmbeddedBroker | Mosquitto) -> None:
    client = home.client
    await client.call("light", "turn_on", entity_id=KITCHEN, brightness=51)
    await client.until_shows(KITCHEN, "on", brightness=51)

    await home.assistant.stop()
    await home.assistant.start()
    await client.until_shows(KITCHEN, "on", brightness=51)
    await works(home, 60)

    await our_broker.stop()
    await client.until_shows(KITCHEN, "unavailable")
    await our_broker.start()
    await client.until_shows(KITCHEN, "on", brightness=60)
    await works(home, 70)

    await home.stop_bridge()
    async with asyncio.timeout(WAIT_S):
        await home.phone.until(lambda _: home.phone.rtt_ms is None)
    await home.start_bridge()
    await works(home, 80)

    await home.kitchen.power_cut()
    await client.until_shows(KITCHEN, "unavailable")
    await home.kitchen.power_on()
    await client.until_shows(KITCHEN, "on")
    await works(home, 90)
    assert await client.cards() == []


async def test_form_proposes_mqtt_5_and_it_works(empty_home: Home) -> None:
    home, client = empty_home, empty_home.client
    flow, proposed = await client.mqtt_form()
    assert proposed["protocol"] == "5"
    said = await client.send_form(flow, proposed | home.answers)
    assert (said["type"], said["result"]["state"]) == ("create_entry", "loaded"), said
    await client.until_shows(KITCHEN, "off")
    assert await client.cards() == []
    assert home.assistant.complaints() == []


async def test_wrong_password_is_told_in_the_form(empty_home: Home) -> None:
    flow, proposed = await empty_home.client.mqtt_form()
    said = await empty_home.client.send_form(flow, proposed | empty_home.answers | {"password": "wrong"})
    assert (said["type"], bool(said["errors"])) == ("form", True), said
    said = await empty_home.client.send_form(flow, proposed | empty_home.answers)
    assert said["type"] == "create_entry", said


async def test_home_assistant_says_that_it_is_there_and_is_never_asked_to_sign_in_again(
    home: Home, our_broker: EmbeddedBroker | Mosquitto
) -> None:
    await home.assistant.kill()  # the broker says its will
    await home.assistant.start()
    await home.client.until_shows(KITCHEN, "off")
    await our_broker.stop()
    await home.client.until_shows(KITCHEN, "unavailable")
    await our_broker.start()
    await home.client.until_shows(KITCHEN, "off")
    refused = {what for user, what in our_broker.refusals.counts if user == HOME_ASSISTANT_USER}
    assert not refused & {RefusalKind.PUBLISH, RefusalKind.SIGN_IN, RefusalKind.PACKET}
    assert await home.client.cards() == []


async def test_lamp_that_died_with_its_broker_is_unavailable_until_it_is_back(
    home: Home, our_broker: EmbeddedBroker | Mosquitto
) -> None:
    """A power cut of the house: nobody says the lamp's will, and a broker that kept its word says `online`."""
    await home.light("hall")
    await home.client.until_shows(HALL, "off")
    await home.client.call("light", "turn_on", entity_id=KITCHEN, brightness=51)
    await home.client.until_shows(KITCHEN, "on", brightness=51)
    await cut_power(our_broker)
    await home.kitchen.power_cut()
    await our_broker.start()
    await home.phone_sees(lambda light: light.online, "hall")
    await home.phone_sees(lambda light: not light.online)
    await home.client.until_shows(HALL, "off")  # it reaches the broker again
    await home.client.until_shows(KITCHEN, "unavailable")
    await home.kitchen.power_on()  # perhaps as it was before the last second or two
    await home.client.until(KITCHEN, lambda state: state is not None and state["state"] in ("on", "off"))
    await works(home, 60)


async def test_deleted_device_stays_deleted(home: Home) -> None:
    [device] = await home.client.devices()
    await home.client.delete(device)
    await home.client.until(KITCHEN, lambda state: state is None)
    await home.kitchen.power_cut()
    await home.phone_sees(lambda light: not light.online)
    await home.kitchen.power_on()
    await home.phone_sees(lambda light: light.online)
    await home.light("hall")  # later than the kitchen's, so all that the kitchen's said has been heard by then
    await home.client.until_shows(HALL, "off")
    assert await home.client.state(KITCHEN) is None
    await home.assistant.stop()
    await home.assistant.start()
    await home.client.until_shows(HALL, "off")
    assert [device["name"] for device in await home.client.devices()] == ["hall"]
    assert (await home.phone.press("kitchen", state="ON")).status is PhoneStatus.APPLIED


async def test_forgotten_light_leaves_home_assistant(home: Home) -> None:
    await home.kitchen.power_cut()
    await forget("kitchen", home)
    await home.client.until(KITCHEN, lambda state: state is None)
    assert await home.client.devices() == []
    await home.assistant.stop()
    await home.assistant.start()
    await home.light("hall")
    await home.client.until_shows(HALL, "off")
    assert [device["name"] for device in await home.client.devices()] == ["hall"]
    assert home.assistant.complaints() == []


async def test_renamed_light_stays_the_same_device(home: Home) -> None:
    """The same chip, set up under another name, as docs/running.md tells."""
    [before] = await home.client.devices()
    await home.kitchen.power_cut()
    await forget("kitchen", home)
    await home.client.until(KITCHEN, lambda state: state is None)
    home.kitchen = await home.light("hall", folder="kitchen")
    await home.client.until_shows(KITCHEN, "off", friendly_name="hall")
    [after] = await home.client.devices()
    assert (after["id"], after["identifiers"]) == (before["id"], before["identifiers"])
    await home.client.call("light", "turn_on", entity_id=KITCHEN, brightness=99)
    await shines(home, duty(True, 99))
    assert home.assistant.complaints() == []


async def test_only_what_the_light_can_do_is_offered(home: Home) -> None:
    state = await home.client.state(KITCHEN)
    assert state
    assert state["attributes"]["supported_features"] == 0  # neither flash nor transition
    assert state["attributes"]["supported_color_modes"] == ["brightness"]


async def forget(name: str, home: Home) -> None:
    """Run `presslight forget`, beside the bridge that runs."""
    command = [sys.executable, "-m", "presslight", "forget", name, "--state", str(home.folder)]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL)
    async with asyncio.timeout(WAIT_S):
        assert await process.wait() == 0


async def cut_power(broker: EmbeddedBroker | Mosquitto) -> None:
    """The broker goes without a word to anybody."""
    await (broker.kill() if isinstance(broker, Mosquitto) else broker.stop())


async def shines(home: Home, wanted: int) -> None:
    """Wait until the kitchen light's output is this."""
    async with asyncio.timeout(WAIT_S):
        await home.kitchen.until(lambda output: output.duty == wanted)


async def works(home: Home, value: int) -> None:
    """A command from Home Assistant and a press on the phone go through, and each sees the other's."""
    async with asyncio.timeout(WAIT_S):
        await home.phone.until(
            lambda lights: home.phone.rtt_ms is not None and home.phone.broker and lights["kitchen"].online
        )
    await home.client.call("light", "turn_on", entity_id=KITCHEN, brightness=value + 1)
    await shines(home, duty(True, value + 1))
    await home.phone_sees(lambda light: light.brightness == value + 1)
    assert (await home.phone.press("kitchen", state="ON", brightness=value)).status is PhoneStatus.APPLIED
    await home.client.until_shows(KITCHEN, "on", brightness=value)
