"""What arrives, at whom and how, with both brokers: retained, QoS 1, order, the last words before a goodbye."""

import asyncio
from contextlib import AsyncExitStack

import aiomqtt
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from tests.broker.clients import (
    PATIENCE_S,
    Client,
    Wire,
    connect_packet,
    packet,
    publish_packet,
    subscribe_packet,
    text,
)
from tests.broker.conftest import Broker, Connect, OpenWire

STATES = "presslight/light/+/state"
KITCHEN_SET = "presslight/light/kitchen/set"
KITCHEN_STATE = "presslight/light/kitchen/state"
AVAILABILITY = "presslight/light/kitchen/availability"
DISCONNECT = b"\xe0\x00"


async def test_retained_state_reaches_who_subscribes_later(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("bridge") as bridge:
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        await bridge.subscribe(STATES, qos=1)
        kept = await bridge.hear()
        await kitchen.publish(KITCHEN_STATE, b"off", qos=1, retain=True)
        live = await bridge.hear()
    assert (kept.payload, kept.retain, kept.qos) == (b"on", True, 1)
    assert (live.payload, live.retain, live.qos) == (b"off", False, 1)


async def test_retained_state_of_nothing_clears_it(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("hall") as hall, connect("bridge") as bridge:
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        await kitchen.publish(KITCHEN_STATE, b"", qos=1, retain=True)
        await hall.publish("presslight/light/hall/state", b"on", qos=1, retain=True)
        await bridge.subscribe(STATES, qos=1)
        assert await bridge.heard() == ("presslight/light/hall/state", b"on")


async def test_newcomer_is_sent_nothing_it_did_not_subscribe_to(connect: Connect, wire: OpenWire) -> None:
    async with connect("kitchen") as kitchen, connect("bridge") as bridge, connect("hall") as hall:
        await bridge.subscribe(STATES, qos=1)
        await hall.publish("presslight/light/hall/state", b"on", qos=1, retain=True)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        assert {(await bridge.heard())[0] for _ in range(2)} == {"presslight/light/hall/state", KITCHEN_STATE}
        async with wire("bridge-watch") as newcomer:
            newcomer.send(b"\xc0\x00")
            assert await newcomer.read(2) == b"\xd0\x00"


async def test_publish_with_qos_1_is_acknowledged_and_delivered_with_qos_1(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, wire("kitchen") as kitchen:
        await bridge.subscribe(STATES, qos=1)
        kitchen.send(publish_packet(KITCHEN_STATE, b"on", 7))
        assert await kitchen.read(4) == b"\x40\x02\x00\x07"
        assert (await bridge.hear()).qos == 1


async def test_publish_just_before_a_goodbye_is_delivered(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, wire("kitchen") as kitchen:
        await bridge.subscribe(STATES, qos=1)
        kitchen.send(*(publish_packet(KITCHEN_STATE, str(n).encode(), n) for n in range(1, 201)), DISCONNECT)
        assert await kitchen.rest() == b"".join(b"\x40\x02" + n.to_bytes(2, "big") for n in range(1, 201))
        assert [(await bridge.heard())[1] for _ in range(200)] == [str(n).encode() for n in range(1, 201)]


async def test_goodbye_keeps_the_will_unpublished(connect: Connect) -> None:
    will = aiomqtt.Will(AVAILABILITY, b"offline", qos=1)
    async with connect("bridge") as bridge, connect("hall") as hall:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with connect("kitchen", will=will):
            pass
        await hall.publish("presslight/light/hall/availability", b"online", qos=1)
        assert await bridge.heard() == ("presslight/light/hall/availability", b"online")


async def test_light_that_leaves_in_the_same_breath_can_return(
    broker: Broker, connect: Connect, accounts: Accounts
) -> None:
    hello = connect_packet("kitchen", accounts.password("kitchen"), will=(AVAILABILITY, b"offline"))
    async with connect("bridge") as bridge:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        for words in (hello + DISCONNECT, hello) * 10:
            async with Wire(broker.address) as light:
                light.send(words)
                light.end()
                await light.rest()
        assert [(await bridge.heard())[1] for _ in range(10)] == [b"offline"] * 10
        async with connect("kitchen") as kitchen:
            await kitchen.publish(AVAILABILITY, b"online", qos=1)
            assert await bridge.heard() == (AVAILABILITY, b"online")


async def test_light_that_falls_silent_is_declared_lost_by_its_keep_alive(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, wire("kitchen", will=(AVAILABILITY, b"offline"), keep_alive=1) as kitchen:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        assert await bridge.heard() == (AVAILABILITY, b"offline")
        assert await kitchen.rest() == b""


async def test_light_that_returns_is_offline_before_it_is_online(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, AsyncExitStack() as lights:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        for _ in range(5):  # each takes the place of the one before, which never closed its connection
            light = await lights.enter_async_context(wire("kitchen", will=(AVAILABILITY, b"offline")))
            light.send(publish_packet(AVAILABILITY, b"online", 1))
        said = [(await bridge.heard())[1] for _ in range(9)]
    assert said == [b"online", b"offline"] * 4 + [b"online"]


async def test_qos_2_is_granted_as_1_and_published_by_nobody(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, wire("kitchen") as kitchen:
        kitchen.send(subscribe_packet(KITCHEN_SET, 2))
        assert await kitchen.read(5) == b"\x90\x03\x00\x01\x01"
        await bridge.publish(KITCHEN_SET, b"on", qos=1)
        assert (await kitchen.read(1))[0] & 0x06 == 2
        kitchen.send(publish_packet(KITCHEN_STATE, b"on", 9, head=0x34))
        await kitchen.rest()


async def test_many_lights_at_once_all_get_in_and_are_heard(
    broker: Broker, connect: Connect, accounts: Accounts
) -> None:
    lights = [f"light-{n}" for n in range(60)]
    for light in lights:
        accounts.add(light)
    if isinstance(broker, Mosquitto):
        await broker.reload()

    async def live(light: str) -> None:
        async with connect(light) as client:
            await client.subscribe(f"presslight/light/{light}/set", qos=1)
            await client.publish(f"presslight/light/{light}/state", b"on", qos=1, retain=True)
            assert await client.heard() == (f"presslight/light/{light}/set", light.encode())

    async with connect("bridge") as bridge, asyncio.TaskGroup() as tasks:
        await bridge.subscribe(STATES, qos=1)
        for light in lights:
            tasks.create_task(live(light))
        for _ in lights:
            light = (await bridge.heard())[0].split("/")[2]
            await bridge.publish(f"presslight/light/{light}/set", light.encode(), qos=1)


async def test_no_message_is_lost_while_others_come_and_go(connect: Connect, wire: OpenWire) -> None:
    async def comes_and_goes(light: Wire) -> None:
        for _ in range(300):
            light.send(subscribe_packet("presslight/light/hall/set", 1))
            light.send(packet(0xA2, b"\x00\x02", text("presslight/light/hall/set")))
            await light.read(9)

    async with connect("bridge") as bridge, wire("kitchen") as kitchen, wire("hall") as hall:
        await bridge.subscribe(STATES, qos=1)
        restless = asyncio.create_task(comes_and_goes(hall), name="restless")
        for n in range(1, 301):
            kitchen.send(publish_packet(KITCHEN_STATE, str(n).encode(), n))
            await kitchen.read(4)
        assert [(await bridge.heard())[1] for _ in range(300)] == [str(n).encode() for n in range(1, 301)]
        await restless


async def test_light_that_is_added_later_may_connect(broker: Broker, accounts: Accounts) -> None:
    accounts.add("attic")
    attic = Client(broker.address.signed_in_as("attic", accounts.password("attic")))
    if isinstance(broker, Mosquitto):
        with pytest.raises(aiomqtt.MqttError):
            async with attic:
                pass
        await broker.reload()
        attic = Client(broker.address.signed_in_as("attic", accounts.password("attic")))
    async with asyncio.timeout(PATIENCE_S), attic:
        await attic.publish("presslight/light/attic/state", b"on", qos=1)
