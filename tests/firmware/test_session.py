"""The whole firmware under MicroPython, before a broker that says what the test wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket

from presslight.contract.mqtt import Discovery, Report, SetCommand, encode_set
from presslight.contract.words import Moment
from presslight.simulated.light_output import LightOutput
from presslight.simulated.simulated_light import SimulatedLight
from tests.firmware.bare_broker import TOPICS, WAIT_S, BareBroker, Visit

NAME = "kitchen"
ORIGIN = "0123456789abcdef"
FLOOD = 7_000


@pytest.fixture
async def broker() -> AsyncIterator[BareBroker]:
    async with BareBroker(NAME) as bare:
        yield bare


@pytest.fixture
async def light(broker: BareBroker, tmp_path: Path) -> AsyncIterator[SimulatedLight]:
    async with SimulatedLight(NAME, broker.address.signed_in_as(NAME, "secret"), tmp_path) as simulated:
        yield simulated


def press(report: Report, number: int, state: str = "ON", brightness: int | None = None) -> bytes:
    """A press that may act in the boot that sent the report."""
    moment = Moment(boot=report.boot, up=report.up + 50_000)
    return encode_set(
        SetCommand.model_validate(
            {"state": state, "brightness": brightness, "key": f"{ORIGIN}-{number}", "not_after": moment}
        )
    )


async def glows(light: SimulatedLight, duty: int) -> None:
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: output.duty == duty)


async def test_light_signs_in_subscribes_and_says_that_it_is_there(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    connect = await visit.sign_in()
    assert (connect.payload.client_id, connect.payload.username, connect.payload.password) == (NAME, NAME, "secret")
    assert (connect.payload.will_topic, connect.payload.will_message) == (
        f"presslight/light/{NAME}/availability",
        b"offline",
    )
    assert connect.variable_header.keep_alive == 4
    subscribe = await visit.hear(SubscribePacket)
    own = [f"presslight/light/{NAME}/{each}" for each in ("set", "availability", "announced")]
    topics = [*own, f"homeassistant/device/{NAME}/config"]
    assert subscribe.payload.topics == [(topic, 1) for topic in topics]
    visit.say(SubackPacket.build(subscribe.variable_header.packet_id, [1] * TOPICS).to_bytes())
    assert (await visit.report()).heap > 0
    assert await visit.message(f"light/{NAME}/availability") == b"online"
    announced = await visit.message(f"homeassistant/device/{NAME}/config")
    assert Discovery.model_validate_json(announced).avty_t == f"presslight/light/{NAME}/availability"
    assert int(await visit.message(f"light/{NAME}/announced")) > 1_700_000_000
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: output.link == "up")


async def test_light_that_is_called_offline_reports_and_says_that_it_is_online(
    broker: BareBroker, light: SimulatedLight
) -> None:
    """As a bridge that stood still may say, or the will of an old connection; or the topic is emptied."""
    visit = await broker.visit()
    await visit.welcome()
    availability = f"presslight/light/{NAME}/availability"
    visit.publish("online", topic=availability)  # its own words come back
    await visit.hear(PubackPacket)
    for mistaken in ("offline", "offline", ""):
        visit.publish(mistaken, topic=availability)
        await visit.report()  # other bridges have heard the mistake, too, and take the report
        assert await visit.message("/availability") == b"online"
        await visit.hear(PubackPacket)
    visit.publish('{"state":"ON"}', qos=0)
    assert (await visit.report()).state == "ON"  # and nothing more was said


async def test_press_lights_the_lamp_then_is_acknowledged_then_reported(
    broker: BareBroker, light: SimulatedLight
) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    visit.publish(press(before, 1, brightness=255))
    assert (await visit.hear(PubackPacket)).variable_header.packet_id == 9
    report = await visit.report()
    await glows(light, 65_535)
    [outcome] = report.outcomes
    assert (outcome.key, outcome.outcome, outcome.version) == (f"{ORIGIN}-1", "applied", (before.version[0], 1))
    assert 0 < outcome.us < 10**6
    assert (report.state, report.version, report.decided) == ("ON", (before.version[0], 1), 1)


async def test_message_at_qos_0_acts_too(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    visit.publish(press(await visit.welcome(), 1), qos=0)
    assert (await visit.report()).state == "ON"


async def test_messages_in_one_piece_and_in_many_are_all_answered(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    for number in range(1, 4):
        visit.publish(press(before, number, brightness=number), qos=0)
    for number in range(1, 4):
        assert (await visit.report()).brightness == number


async def test_message_as_home_assistant_sends_it_acts_by_value(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    await visit.welcome()
    visit.publish('{"state": "ON", "brightness": 128, "transition": 2}', qos=0)
    report = await visit.report()
    assert (report.state, report.brightness, report.decided) == ("ON", 128, 0)


async def test_bad_messages_are_dropped_counted_and_acknowledged(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    visit.publish(press(before, 1), retain=True)
    for message in (b"\xff\x00", b"{", b'{"state":1}', b"x" * 1_025, b"x" * 20_000):
        visit.publish(message)
    visit.publish(press(before, 1), topic="presslight/light/other/set")
    for _ in range(7):
        await visit.hear(PubackPacket)
    visit.publish(press(before, 2, state="OFF"), qos=0)
    report = await visit.report()
    dropped = report.dropped
    assert (dropped.retained, dropped.malformed, dropped.invalid, dropped.too_large) == (1, 2, 1, 2)
    assert [outcome.key for outcome in report.outcomes] == [f"{ORIGIN}-2"]
    assert (report.state, report.version[1]) == ("OFF", 0)


async def test_key_of_a_bad_message_is_answered(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    visit.publish(press(before, 1).replace(b'"ON"', b'"GLOW"'), qos=0)
    report = await visit.report()
    assert [(each.key, each.outcome) for each in report.outcomes] == [(f"{ORIGIN}-1", "invalid")]


async def test_light_comes_back_to_a_broker_that_closed_and_tells_all_again(
    broker: BareBroker, light: SimulatedLight
) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    for number in range(1, 7):
        visit.publish(press(before, number), qos=0)
        await visit.report()
    await visit.close()
    report = await (await broker.visit()).welcome()
    assert (report.boot, report.decided, len(report.outcomes)) == (before.boot, 6, 6)


@pytest.mark.parametrize(
    "refusal", [ConnackPacket.build(0, 5).to_bytes(), b"\x20\x02\x00\x80", b"\x00" * 9, b"HTTP/1.1 400"]
)
async def test_light_tries_again_where_it_is_refused(broker: BareBroker, light: SimulatedLight, refusal: bytes) -> None:
    visit = await broker.visit()
    await visit.hear(ConnectPacket)
    visit.say(refusal)
    await visit.closed()
    assert (await (await broker.visit()).welcome()).decided == 0


async def test_light_tries_again_where_its_topic_is_refused(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    await visit.sign_in()
    subscribe = await visit.hear(SubscribePacket)
    visit.say(SubackPacket.build(subscribe.variable_header.packet_id, [0x80]).to_bytes())
    await visit.closed()
    await (await broker.visit()).welcome()


@pytest.mark.parametrize("garbage", [b"\xff" * 5, b"\x20\x02\x00\x00", b"\x34\x05\x00\x01a\x00\x01"])
async def test_light_ends_a_link_that_talks_nonsense(broker: BareBroker, light: SimulatedLight, garbage: bytes) -> None:
    visit = await broker.visit()
    await visit.welcome()
    visit.say(garbage)
    await visit.closed()
    await (await broker.visit()).welcome()


async def test_light_pings_and_leaves_a_broker_that_is_silent(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    await visit.welcome()
    assert await visit.hear(PingReqPacket)
    await visit.closed()
    await (await broker.visit()).welcome()


async def flood(visit: Visit, light: SimulatedLight, before: Report, qos: int) -> None:
    """Press without reading a word, more than all buffers hold, until the light has obeyed or given the link up."""
    glows_seen = 0
    done = asyncio.Event()

    def count(output: LightOutput) -> None:
        nonlocal glows_seen
        glows_seen += 1
        if glows_seen >= FLOOD or output.link == "down":
            done.set()

    light.add_watcher(count)
    visit.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
    for number in range(1, FLOOD + 1):
        visit.publish(press(before, number, state="ON" if number % 2 else "OFF", brightness=7), qos=qos)
        await visit.writer.drain()
    async with asyncio.timeout(WAIT_S):
        await done.wait()
    visit.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above


async def test_reports_that_a_broker_did_not_read_shrink_to_the_newest(
    broker: BareBroker, light: SimulatedLight
) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    await flood(visit, light, before, qos=0)
    report, told, longest = before, 0, 0
    while report.decided < FLOOD:
        report = await visit.report()
        told += 1
        longest = max(longest, len(report.outcomes))
    assert told < FLOOD
    assert longest == 8
    assert report.version[1] == FLOOD


async def test_presses_of_the_button_without_wifi_are_told_in_the_newest_report(
    broker: BareBroker, light: SimulatedLight
) -> None:
    """More than the chip's socket and the light's own buffer hold, and Wi-Fi back before the link is given up."""
    visit = await broker.visit()
    before = await visit.welcome()
    for number in range(1, 5):  # answers make each report long
        visit.publish(press(before, number, state="OFF"), qos=0)
        await visit.report()
    presses = 14
    light.set_wifi(False)
    for _ in range(presses):
        light.press_button()
        seen = light.output.us
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output, before=seen: output.us != before)  # type: ignore[misc]  # bound as it is now
    light.set_wifi(True)
    told = 1
    while (await visit.report()).version[1] < presses:
        told += 1
    assert told < presses


async def test_link_to_a_broker_that_does_not_read_acknowledgements_is_given_up(
    broker: BareBroker, light: SimulatedLight
) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    with suppress(ConnectionError):
        await flood(visit, light, before, qos=1)
    report = await (await broker.visit()).welcome()
    assert report.boot == before.boot
    assert report.version[1] == report.decided > 1_000


async def test_button_works_before_any_broker_has_answered(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    light.press_button()
    await glows(light, 65_535)
    assert (await visit.welcome()).state == "ON"


async def test_press_of_the_button_is_reported(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    light.press_button()
    report = await visit.report()
    assert (report.state, report.version[1], report.decided) == ("ON", before.version[1] + 1, 0)


async def test_state_outlives_a_power_cut_and_the_boot_does_not(broker: BareBroker, light: SimulatedLight) -> None:
    visit = await broker.visit()
    before = await visit.welcome()
    old = press(before, 1, brightness=77)
    visit.publish(old, qos=0)
    await visit.report()
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: output.log == "flash: kept on 77")
    await light.power_cut()
    await light.power_on()
    visit = await broker.visit()
    after = await visit.welcome()
    assert (after.state, after.brightness, after.decided) == ("ON", 77, 0)
    assert (after.version[0] > before.version[0], after.version[1]) == (True, 0)
    assert after.boot != before.boot
    visit.publish(old, qos=0)
    assert (await visit.report()).outcomes[-1].outcome == "rebooted"
