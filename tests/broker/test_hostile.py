"""Clients that mean harm or are broken, against both brokers: they harm themselves, and the house does not notice."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from presslight.broker.embedded.broker import MAX_STRANGERS, EmbeddedBroker
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.broker.refusals import STRANGER, RefusalKind
from presslight.contract.rate import Rates
from tests.broker.clients import Wire, connect_packet, packet, publish_packet, subscribe_packet, text
from tests.broker.conftest import Broker, Connect, Heard, OpenWire

KITCHEN_SET = "presslight/light/kitchen/set"
HALL_STATE = "presslight/light/hall/state"
STATES = "presslight/light/+/state"
OVERHEAD = 2 + len(HALL_STATE)

GARBAGE = {
    "nothing but noise": random.Random(1).randbytes(4_096),
    "a web browser": b"GET / HTTP/1.1\r\nHost: light\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a length without end": b"\x10\xff\xff\xff\xff\xff\xff",
    "256 MB announced": b"\x30\xff\xff\xff\x7f" + bytes(100_000),
    "a CONNECT of 1 MB": packet(0x10, text("MQTT"), b"\x04\x02\x00\x00", bytes(1_000_000)),
    "a CONNECT of nothing": b"\x10\x00",
    "a CONNECT that lies about its fields": packet(0x10, text("MQTT"), b"\x04\xc2\x00\x00\xff\xffx"),
    "a name that is not UTF-8": packet(
        0x10, text("MQTT"), b"\x04\xc2\x00\x00", text("x"), text(b"\xff\xfe"), text("x")
    ),
    "an acknowledgement first": b"\x40\x02\x00\x01",
    "PUBLISH first": publish_packet(HALL_STATE, b"forged"),
    "a reserved type": b"\xf0\x00",
    "a CONNECT of version 5 and nothing": packet(0x10, text("MQTT"), b"\x05"),
    "a CONNECT of version 5 without properties": packet(0x10, text("MQTT"), b"\x05\xc2\x00\x00"),
    "a CONNECT of version 5 that lies about its properties": packet(0x10, text("MQTT"), b"\x05\xc2\x00\x00\x7fx"),
    "a CONNECT of version 5 with properties without end": packet(
        0x10, text("MQTT"), b"\x05\xc2\x00\x00\xff\xff\xff\xff\xff"
    ),
    "a CONNECT of version 5 of thousands of properties": packet(
        0x10, text("MQTT"), b"\x05\xc2\x00\x00\xc0\x3e", b"\x26\x00\x00\x00\x00" * 1_600
    ),
    "AUTH first": b"\xf0\x02\x18\x00",
}

INSIDE = {
    "noise": random.Random(2).randbytes(2_000),
    "a second CONNECT": connect_packet("hall", "x"),
    "a topic with a wildcard": publish_packet("presslight/light/+/state", b"x"),
    "an empty topic": publish_packet("", b"x"),
    "a topic that is not UTF-8": packet(0x30, text(b"\xff\xff"), b"x"),
    "a topic longer than its packet": b"\x30\x05\xff\xffabc",
    "a subscription to nothing": packet(0x82, b"\x00\x01"),
    "a subscription of QoS 3": subscribe_packet("presslight/light/hall/set", 3),
    "a packet identifier of 0": packet(0x32, text(HALL_STATE), b"\x00\x00", b"x"),
    "QoS 3": packet(0x36, text(HALL_STATE), b"\x00\x01", b"x"),
    "a broker's packet": b"\x20\x02\x00\x00",
    "one byte too many": publish_packet(HALL_STATE, bytes(MAX_PACKET_BYTES + 1 - OVERHEAD)),
}


INSIDE_5 = INSIDE | {
    "a topic alias of 0": packet(0x30, text(""), b"\x03\x23\x00\x00", b"x"),
    "properties longer than their packet": packet(0x30, text(HALL_STATE), b"\x7f"),
    "properties without end": packet(0x30, text(HALL_STATE), b"\xff\xff\xff\xff\xff"),
    "a property cut off": packet(0x30, text(HALL_STATE), b"\x03\x02\x00\x00"),
    "a property of another packet": packet(0x30, text(HALL_STATE), b"\x03\x21\x00\x01", b"x"),
    "an acknowledgement of nothing": packet(0x40, b"\x00\x00\x00"),
    "a subscription without properties": packet(0x82, b"\x00\x01", text("presslight/light/hall/set"), b"\x01"),
    "retain handling 3": packet(0x82, b"\x00\x01\x00", text("presslight/light/hall/set"), b"\x31"),
    "AUTH": packet(0xF0, b"\x18\x00"),
    "a goodbye that does not add up": packet(0xE0, b"\x04\x7f"),
}


async def the_house_is_fine(connect: Connect) -> None:
    async with connect("bridge") as bridge, connect("kitchen") as kitchen:
        await bridge.subscribe("presslight/light/kitchen/state", qos=1)
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        await bridge.publish(KITCHEN_SET, b"on", qos=1)
        assert await kitchen.heard() == (KITCHEN_SET, b"on")
        await kitchen.publish("presslight/light/kitchen/state", b"on", qos=1)
        assert await bridge.heard() == ("presslight/light/kitchen/state", b"on")


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_from_a_stranger_ends_its_connection_only(connect: Connect, wire: OpenWire, kind: str) -> None:
    async with connect("bridge-watch") as witness, wire() as stranger:
        await witness.subscribe(STATES, qos=1)
        stranger.send(GARBAGE[kind])
        stranger.end()
        await stranger.rest()
        await the_house_is_fine(connect)
        assert await witness.heard() == ("presslight/light/kitchen/state", b"on")


@pytest.mark.parametrize("kind", INSIDE)
async def test_garbage_from_a_light_ends_its_connection_only(connect: Connect, wire: OpenWire, kind: str) -> None:
    async with connect("bridge-watch") as witness, wire("hall") as light:
        await witness.subscribe(STATES, qos=1)
        light.send(INSIDE[kind])
        await light.rest()
        await the_house_is_fine(connect)
        assert await witness.heard() == ("presslight/light/kitchen/state", b"on")


@pytest.mark.parametrize("kind", INSIDE_5)
async def test_garbage_in_version_5_ends_its_connection_only(connect: Connect, wire: OpenWire, kind: str) -> None:
    async with connect("bridge-watch") as witness, wire("hall", level=5) as light:
        await witness.subscribe(STATES, qos=1)
        light.send(INSIDE_5[kind])
        light.end()  # where Mosquitto takes it for nothing worse
        await light.rest()
        await the_house_is_fine(connect)
        assert await witness.heard() == ("presslight/light/kitchen/state", b"on")


@pytest.mark.parametrize("cut", [1, 2, 5, 12, 20])
async def test_packet_that_is_never_finished_is_never_delivered(connect: Connect, wire: OpenWire, cut: int) -> None:
    async with connect("bridge-watch") as witness, wire("hall") as light:
        await witness.subscribe(STATES, qos=1)
        light.send(publish_packet(HALL_STATE, b"on", 1)[:cut])
        await the_house_is_fine(connect)
        light.cut()
        await the_house_is_fine(connect)
        assert {await witness.heard() for _ in range(2)} == {("presslight/light/kitchen/state", b"on")}


async def test_largest_message_is_delivered(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge") as bridge, wire("hall") as light:
        await bridge.subscribe(STATES, qos=1)
        light.send(publish_packet(HALL_STATE, bytes(MAX_PACKET_BYTES - OVERHEAD)))
        assert len((await bridge.heard())[1]) == MAX_PACKET_BYTES - OVERHEAD


def lift_the_rate(broker: Broker) -> None:
    """Have the embedded broker cut nobody off for how much it sends, as Mosquitto does not."""
    if isinstance(broker, EmbeddedBroker):
        broker._rates = Rates(1_000_000, 1_000_000)


async def test_client_that_never_reads_is_cut_off_or_loses_and_others_lose_nothing(
    broker: Broker, connect: Connect, wire: OpenWire, heard: Heard
) -> None:
    lift_the_rate(broker)
    batch, size = 100, 8_000
    async with connect("bridge") as bridge, wire("bridge-watch") as deaf, wire("hall") as hall:
        await bridge.subscribe(STATES, qos=1)
        deaf.send(subscribe_packet(STATES, 1))
        assert await deaf.read(5) == b"\x90\x03\x00\x01\x01"
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a socket's transport
        for _ in range(2_500 // batch):  # 20 MB: more than the kernel's buffers and MAX_UNREAD_BYTES together
            hall.send(*(publish_packet(HALL_STATE, bytes([n]) * size, n) for n in range(1, batch + 1)))
            await hall.read(4 * batch)
            assert [(await bridge.heard())[1][0] for _ in range(batch)] == list(range(1, batch + 1))
        if isinstance(broker, EmbeddedBroker):
            await heard.until("refused unread to bridge-watch")


async def test_connections_that_never_sign_in_leave_room_for_lights(
    broker: Broker, connect: Connect, wire: OpenWire
) -> None:
    async with AsyncExitStack() as strangers:
        for _ in range(MAX_STRANGERS + 20):
            await strangers.enter_async_context(wire())
        await the_house_is_fine(connect)
        if isinstance(broker, EmbeddedBroker):
            assert broker.refusals.counts[STRANGER, RefusalKind.CONNECTION] >= 20


@pytest.mark.parametrize("number", [0, 1], ids=["qos 0", "qos 1"])
async def test_flood_of_one_light_leaves_the_others_working(
    broker: Broker, connect: Connect, wire: OpenWire, number: int
) -> None:
    lift_the_rate(broker)

    async def pump(flooder: Wire) -> None:
        while True:
            flooder.send(publish_packet(HALL_STATE, bytes(500), number) * 50)
            await flooder.writer.drain()

    async with wire("hall") as flooder:
        flood = asyncio.create_task(pump(flooder), name="flood")
        for _ in range(5):
            await the_house_is_fine(connect)
        assert not flood.done()
        flood.cancel()


async def test_noise_from_many_lights_leaves_no_trace(broker: Broker, connect: Connect, wire: OpenWire) -> None:
    dice = random.Random(3)
    seeds = [*INSIDE_5.values(), *GARBAGE.values(), publish_packet(HALL_STATE, b"on", 5), subscribe_packet("#", 1)]

    async def scribble() -> None:
        async with wire("hall", level=dice.choice([4, 5])) as light:
            for _ in range(5):
                bytes_sent = bytearray(dice.choice(seeds)[:200])
                for _ in range(dice.randrange(4)):
                    bytes_sent[dice.randrange(len(bytes_sent))] = dice.randrange(256)
                light.send(bytes(bytes_sent))
            light.end()
            await light.rest()

    for _ in range(60):
        await scribble()
    await the_house_is_fine(connect)
