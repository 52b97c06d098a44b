"""Clients of MQTT 5 on both brokers, beside lights that speak 3.1.1: aiomqtt and paho, and bytes for reason codes."""

import asyncio
import gc
import queue
import weakref
from typing import Any

import aiomqtt
import paho.mqtt.properties
import pytest
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.subscribeoptions import SubscribeOptions

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.broker.mosquitto import Mosquitto
from presslight.broker.refusals import RefusalKind
from tests.broker.clients import PATIENCE_S, Client, Wire, connect_packet, packet, publish_packet, text
from tests.broker.conftest import Broker, Connect, Heard, OpenWire

STATES = "presslight/light/+/state"
KITCHEN_SET = "presslight/light/kitchen/set"
KITCHEN_STATE = "presslight/light/kitchen/state"
HALL_STATE = "presslight/light/hall/state"
AVAILABILITY = "presslight/light/kitchen/availability"
CANARY = "presslight/bridge/bridge/canary"
FIVE: dict[str, Any] = {"protocol": aiomqtt.ProtocolVersion.V5}
PING, PONG = b"\xc0\x00", b"\xd0\x00"


def about(kind: int, **values: Any) -> Any:
    made: Any = paho.mqtt.properties.Properties(kind)  # type: ignore[no-untyped-call]  # paho types no properties
    for name, value in values.items():
        setattr(made, name, value)
    return made


def of_message(**values: Any) -> Any:
    return about(PacketTypes.PUBLISH, **values)


def publish5(topic: str, message: bytes, number: int = 0, *, head: int = 0x30, properties: bytes = b"") -> bytes:
    identifier = number.to_bytes(2, "big") if number else b""
    return packet(head | (2 if number else 0), text(topic), identifier, bytes([len(properties)]) + properties + message)


def subscribe5(*asked: tuple[str, int], properties: bytes = b"") -> bytes:
    wanted = (text(topic) + bytes([options]) for topic, options in asked)
    return packet(0x82, b"\x00\x01", bytes([len(properties)]) + properties, *wanted)


# -- beside 3.1.1 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_light", [{}, FIVE], ids=["light 3.1.1", "light 5"])
@pytest.mark.parametrize("of_bridge", [{}, FIVE], ids=["bridge 3.1.1", "bridge 5"])
async def test_versions_hear_each_other(connect: Connect, of_light: Any, of_bridge: Any) -> None:
    async with connect("kitchen", **of_light) as kitchen, connect("bridge", **of_bridge) as bridge:
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        await bridge.subscribe(STATES, qos=1)
        for qos, words in ((0, b"on"), (1, b"off"), (1, b""), (0, bytes(300)), (1, bytes(5_000))):
            await bridge.publish(KITCHEN_SET, words, qos=qos)
            heard = await kitchen.hear()
            assert (str(heard.topic), heard.payload, heard.qos, heard.retain) == (KITCHEN_SET, words, qos, False)
            await kitchen.publish(KITCHEN_STATE, words, qos=qos, retain=True)
            heard = await bridge.hear()
            assert (str(heard.topic), heard.payload, heard.qos, heard.retain) == (KITCHEN_STATE, words, qos, False)


@pytest.mark.parametrize("of_light", [{}, FIVE], ids=["light 3.1.1", "light 5"])
async def test_retained_state_reaches_both_versions_and_can_be_cleared(connect: Connect, of_light: Any) -> None:
    async with connect("kitchen", **of_light) as kitchen, connect("hall") as hall:
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        for version in ({}, FIVE):
            async with connect("bridge", **version) as bridge:
                await bridge.subscribe(STATES, qos=1)
                heard = await bridge.hear()
                assert (heard.payload, heard.retain, heard.qos) == (b"on", True, 1)
        await kitchen.publish(KITCHEN_STATE, b"", qos=1, retain=True)
        await hall.publish(HALL_STATE, b"on", qos=1, retain=True)
        async with connect("bridge", **FIVE) as bridge:
            await bridge.subscribe(STATES, qos=1)
            assert await bridge.heard() == (HALL_STATE, b"on")


async def test_largest_message_reaches_version_5(connect: Connect, wire: OpenWire) -> None:
    async with connect("bridge", **FIVE) as bridge, wire("hall") as light:
        await bridge.subscribe(STATES, qos=1)
        words = bytes(MAX_PACKET_BYTES - 2 - len(HALL_STATE))
        light.send(packet(0x30, text(HALL_STATE), words))
        assert (await bridge.hear()).payload == words


async def test_message_is_delivered_with_the_lower_qos(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("bridge") as bridge, connect("bridge-watch") as watch:
        await bridge.subscribe(STATES, qos=1)
        await watch.subscribe(STATES, qos=0)
        for qos in (0, 1):
            await kitchen.publish(KITCHEN_STATE, b"on", qos=qos)
            assert [(await bridge.hear()).qos, (await watch.hear()).qos] == [qos, 0]


async def test_second_subscription_to_a_filter_takes_the_first_one_s_place(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("bridge") as bridge:
        for qos in (0, 1, 0):
            await bridge.subscribe(STATES, qos=qos)
            await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
            assert (await bridge.hear()).qos == qos
        await kitchen.publish(KITCHEN_STATE, b"once", qos=1)
        await kitchen.publish(KITCHEN_STATE, b"then", qos=1)
        assert [(await bridge.hear()).payload for _ in range(2)] == [b"once", b"then"]


@pytest.mark.parametrize("version", [{}, FIVE], ids=["3.1.1", "5"])
@pytest.mark.parametrize("asked", [(1, 0), (0, 1), (0, 0, 1)])
async def test_filter_that_comes_twice_in_one_packet_is_one_subscription_the_last(
    connect: Connect, version: dict[str, Any], asked: tuple[int, ...]
) -> None:
    async with connect("kitchen") as kitchen, connect("bridge", **version) as bridge:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        if version:
            await bridge.subscribe([(STATES, SubscribeOptions(qos=qos)) for qos in asked])
        else:
            await bridge.subscribe([(STATES, qos) for qos in asked])
        for words in (b"on", b"off"):
            await kitchen.publish(KITCHEN_STATE, words, qos=1)
            heard = await bridge.hear()
            assert (heard.payload, heard.qos) == (words, asked[-1])
        await bridge.unsubscribe(STATES)
        await kitchen.publish(KITCHEN_STATE, b"to nobody", qos=1)
        await kitchen.publish(AVAILABILITY, b"online", qos=1)
        assert await bridge.heard() == (AVAILABILITY, b"online")


# -- subscription identifiers ------------------------------------------------------------------------------------------


def identified(identifier: int) -> Any:
    return about(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=identifier)


def identifiers(heard: aiomqtt.Message) -> list[int]:
    return getattr(heard.properties, "SubscriptionIdentifier", [])


@pytest.mark.parametrize("identifier", [1, 127, 128, 268_435_455])
@pytest.mark.parametrize("qos", [0, 1])
async def test_message_names_the_subscription_that_it_is_for(connect: Connect, identifier: int, qos: int) -> None:
    async with connect("kitchen") as kitchen, connect("bridge", **FIVE) as bridge:
        await kitchen.publish(KITCHEN_STATE, b"retained", qos=qos, retain=True)
        await bridge.subscribe(STATES, qos=qos, properties=identified(identifier))
        await kitchen.publish(KITCHEN_STATE, b"live", qos=qos)
        for words in (b"retained", b"live"):
            heard = await bridge.hear()
            assert (heard.payload, identifiers(heard)) == (words, [identifier])


async def test_each_subscription_has_its_own_identifier_and_the_last_one_counts(connect: Connect) -> None:
    async with connect("kitchen") as kitchen, connect("bridge", **FIVE) as bridge:
        await bridge.subscribe(STATES, qos=1, properties=identified(7))
        await bridge.subscribe("presslight/light/+/availability", qos=1, properties=identified(8))
        for topic, found in ((KITCHEN_STATE, [7]), (AVAILABILITY, [8])):
            await kitchen.publish(topic, b"online", qos=1)
            assert identifiers(await bridge.hear()) == found
        await bridge.subscribe(STATES, qos=1, properties=identified(9))
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
        assert identifiers(await bridge.hear()) == [9]
        await bridge.subscribe(STATES, qos=1)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
        assert identifiers(await bridge.hear()) == []


async def test_overlapping_subscriptions_are_each_named(connect: Connect) -> None:
    """In one message or in two, as the broker likes (3.3.4)."""
    async with connect("kitchen") as kitchen, connect("bridge", **FIVE) as bridge:
        await bridge.subscribe(STATES, qos=1, properties=identified(7))
        await bridge.subscribe(KITCHEN_STATE, qos=1, properties=identified(8))
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
        found = list[int]()
        while len(found) < 2:
            found += identifiers(await bridge.hear())
        assert sorted(found) == [7, 8]


async def test_identifier_goes_with_the_properties_of_a_message(connect: Connect) -> None:
    async with connect("kitchen", **FIVE) as kitchen, connect("bridge", **FIVE) as bridge:
        said = of_message(ContentType="json", MessageExpiryInterval=600)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True, properties=said)
        await bridge.subscribe(STATES, qos=1, properties=identified(7))
        heard = await bridge.hear()
        found = heard.properties.json() if heard.properties else {}  # type: ignore[no-untyped-call]  # paho types no properties
        assert (found["ContentType"], found["SubscriptionIdentifier"]) == ("json", [7])
        assert 590 < found["MessageExpiryInterval"] <= 600


# -- properties --------------------------------------------------------------------------------------------------------

SAID = {
    "PayloadFormatIndicator": 1,
    "ContentType": "application/json",
    "ResponseTopic": "answer/here",
    "CorrelationData": b"\x00\x01",
    "UserProperty": [("a", "1"), ("a", "2"), ("", "ü")],
}


@pytest.mark.parametrize("retain", [False, True])
async def test_properties_of_a_message_reach_version_5_and_3_1_1_the_message(connect: Connect, retain: bool) -> None:
    async with connect("kitchen", **FIVE) as kitchen, connect("bridge", **FIVE) as bridge, connect("hall") as hall:
        if not retain:
            await bridge.subscribe(STATES, qos=1)
        await kitchen.publish(KITCHEN_STATE, b"{}", qos=1, retain=retain, properties=of_message(**SAID))
        if retain:
            await bridge.subscribe(STATES, qos=1)
        heard = await bridge.hear()
        assert (heard.payload, heard.retain) == (b"{}", retain)
        assert heard.properties
        assert heard.properties.json() == of_message(**SAID).json()  # type: ignore[no-untyped-call]  # paho types no properties
        await hall.publish(HALL_STATE, b"plain", qos=1)
        assert (await bridge.hear()).properties.json() == {}  # type: ignore[union-attr]  # MQTT 5 always has them
    async with connect("bridge-watch") as watch, connect("kitchen", **FIVE) as kitchen:
        await watch.subscribe(STATES, qos=1)
        if not retain:
            await kitchen.publish(KITCHEN_STATE, b"{}", qos=1, properties=of_message(**SAID))
        assert await watch.heard() == (KITCHEN_STATE, b"{}")


async def test_unread_retained_message_that_expires_is_told_with_what_is_left(connect: Connect) -> None:
    async with connect("kitchen", **FIVE) as kitchen, connect("bridge", **FIVE) as bridge:
        said = of_message(MessageExpiryInterval=1_000, ContentType="x")
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True, properties=said)
        await bridge.subscribe(STATES, qos=1)
        found = (await bridge.hear()).properties.json()  # type: ignore[union-attr]  # MQTT 5 always has them
        assert 900 < found["MessageExpiryInterval"] <= 1_000
        assert found["ContentType"] == "x"


async def test_expired_retained_message_is_told_to_nobody(
    embedded: EmbeddedBroker, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(user: str, **more: Any) -> Client:
        return Client(embedded.address.signed_in_as(user, accounts.password(user)), **more)

    async with connect("kitchen", **FIVE) as kitchen, connect("hall") as hall:
        said = of_message(MessageExpiryInterval=60)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True, properties=said)
        await hall.publish(HALL_STATE, b"on", qos=1, retain=True)
        for passed, wanted in ((59, {KITCHEN_STATE, HALL_STATE}), (60, {HALL_STATE})):
            now = asyncio.get_running_loop().time()
            monkeypatch.setattr("presslight.broker.embedded.amqtt_engine._now", lambda then=now + passed: then)
            async with connect("bridge", **FIVE) as bridge:
                await bridge.subscribe(STATES, qos=1)
                await bridge.subscribe(CANARY, qos=1)
                await bridge.publish(CANARY, b"the last", qos=1)
                heard = set()
                while (topic := (await bridge.heard())[0]) != CANARY:
                    heard.add(topic)
                assert heard == wanted


# -- options of a subscription -----------------------------------------------------------------------------------------


async def test_no_local_keeps_a_client_s_own_messages_from_it(connect: Connect) -> None:
    async with connect("bridge", **FIVE) as bridge, connect("kitchen") as kitchen:
        await bridge.subscribe(CANARY, options=SubscribeOptions(qos=1, noLocal=True))
        await bridge.subscribe(STATES, qos=1)
        await bridge.publish(CANARY, b"own", qos=1)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
        assert await bridge.heard() == (KITCHEN_STATE, b"on")


async def test_no_local_keeps_nothing_of_others_back(connect: Connect) -> None:
    async with connect("bridge", **FIVE) as bridge, connect("kitchen") as kitchen:
        await bridge.subscribe(STATES, options=SubscribeOptions(qos=1, noLocal=True))
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
        assert await bridge.heard() == (KITCHEN_STATE, b"on")


@pytest.mark.parametrize("as_published", [False, True])
async def test_retain_as_published_shows_the_flag_as_it_was(connect: Connect, as_published: bool) -> None:
    async with connect("bridge", **FIVE) as bridge, connect("kitchen") as kitchen:
        await bridge.subscribe(STATES, options=SubscribeOptions(qos=1, retainAsPublished=as_published))
        for retain in (True, False):
            await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=retain)
            assert (await bridge.hear()).retain == (retain and as_published)


@pytest.mark.parametrize(("handling", "first", "again"), [(0, True, True), (1, True, False), (2, False, False)])
async def test_retain_handling_says_when_retained_messages_come(
    connect: Connect, handling: int, first: bool, again: bool
) -> None:
    async with connect("bridge", **FIVE) as bridge, connect("kitchen") as kitchen:
        await kitchen.publish(KITCHEN_STATE, b"kept", qos=1, retain=True)
        await bridge.subscribe(CANARY, qos=1)
        for wanted in (first, again):
            await bridge.subscribe(STATES, options=SubscribeOptions(qos=1, retainHandling=handling))
            await bridge.publish(CANARY, b"done", qos=1)
            heard = [(await bridge.heard())[1]]
            while heard[-1] != b"done":
                heard.append((await bridge.heard())[1])
            assert heard == ([b"kept"] if wanted else []) + [b"done"]


# -- wills and goodbyes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goodbye", "wanted"),
    [
        (b"", True),
        (b"\xe0\x00", False),
        (b"\xe0\x01\x00", False),
        (b"\xe0\x02\x00\x00", False),
        (b"\xe0\x01\x04", True),
        (b"\xe0\x02\x04\x00", True),
        (b"\xe0\x01\x80", True),
        (b"\xe0\x09\x04\x07\x26\x00\x01a\x00\x01b", True),
    ],
)
async def test_will_of_version_5_is_published_as_its_goodbye_says(
    broker: Broker, connect: Connect, wire: OpenWire, goodbye: bytes, wanted: bool
) -> None:
    wanted = wanted and not (goodbye == b"\xe0\x01\x80" and isinstance(broker, Mosquitto))  # 2.0.11 wants 0x04
    async with connect("bridge") as bridge, connect("hall") as hall:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with wire("kitchen", will=(AVAILABILITY, b"offline"), level=5) as kitchen:
            kitchen.send(publish5(AVAILABILITY, b"online", 1))
            assert await bridge.heard() == (AVAILABILITY, b"online")
            kitchen.send(goodbye)
            kitchen.end()
            await kitchen.rest()
        if wanted:
            assert await bridge.heard() == (AVAILABILITY, b"offline")
        await hall.publish("presslight/light/hall/availability", b"online", qos=1)
        assert await bridge.heard() == ("presslight/light/hall/availability", b"online")


async def test_will_of_version_5_carries_its_properties_and_is_retained(connect: Connect, wire: OpenWire) -> None:
    will = aiomqtt.Will(
        AVAILABILITY,
        b"offline",
        qos=1,
        retain=True,
        properties=about(PacketTypes.WILLMESSAGE, ContentType="text/plain"),
    )
    async with connect("bridge", **FIVE) as bridge:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with connect("kitchen", will=will, **FIVE) as kitchen, wire("kitchen", level=5):
            with pytest.raises(aiomqtt.MqttError):  # the second connection takes its place
                await kitchen.hear()
            heard = await bridge.hear()
    assert (heard.payload, heard.properties.json()) == (b"offline", {"ContentType": "text/plain"})  # type: ignore[union-attr]  # MQTT 5 always has them
    async with connect("bridge-watch", **FIVE) as watch:
        await watch.subscribe("presslight/light/+/availability", qos=1)
        kept = await watch.hear()
    assert (kept.payload, kept.retain) == (b"offline", True)


async def test_second_connection_of_a_user_is_told_to_the_first(broker: Broker, wire: OpenWire) -> None:
    async with wire("kitchen", level=5) as first, wire("kitchen", level=5) as second:
        told = bytes([0xE0, 1, ReasonCode.SESSION_TAKEN_OVER])
        assert await first.rest() in ({told} if isinstance(broker, EmbeddedBroker) else {told, b""})
        second.send(PING)
        assert await second.read(2) == PONG


async def test_client_that_falls_silent_is_told_why_it_has_to_go(
    broker: Broker, connect: Connect, wire: OpenWire
) -> None:
    async with connect("bridge") as bridge:
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        async with wire("kitchen", will=(AVAILABILITY, b"offline"), keep_alive=1, level=5) as kitchen:
            assert await bridge.heard() == (AVAILABILITY, b"offline")
            told = await kitchen.rest()
        assert told in {
            bytes([0xE0, 1, ReasonCode.KEEP_ALIVE_TIMEOUT]),
            *([b""] if isinstance(broker, Mosquitto) else []),
        }


async def test_stop_tells_clients_that_the_broker_ends(embedded: EmbeddedBroker, opens: OpenWire) -> None:
    async with opens("kitchen", level=5, will=(AVAILABILITY, b"offline")) as kitchen:
        kitchen.send(PING)
        assert await kitchen.packet() == PONG
        await embedded.stop()
        assert await kitchen.rest() == bytes([0xE0, 1, ReasonCode.SHUTTING_DOWN])


# -- what is refused, and how ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["kitchen", "attic"])
async def test_wrong_password_is_refused_as_such(broker: Broker, user: str) -> None:
    async with Wire(broker.address, connect_packet(user, "wrong", level=5)) as stranger:
        assert (stranger.answer[0], stranger.answer[3]) == (0x20, ReasonCode.NOT_AUTHORIZED)
        assert await stranger.rest() == b""


async def test_refused_publish_is_acknowledged_as_refused_and_others_are_not(
    broker: Broker, connect: Connect, wire: OpenWire, heard: Heard
) -> None:
    async with connect("bridge") as bridge, wire("kitchen", level=5) as kitchen:
        await bridge.subscribe(STATES, qos=1)
        kitchen.send(publish5(HALL_STATE, b"forged", 7), publish5(KITCHEN_STATE, b"own", 8))
        assert await kitchen.packet() == bytes([0x40, 3, 0, 7, ReasonCode.NOT_AUTHORIZED])
        assert (await kitchen.packet())[:4] == b"\x40\x02\x00\x08"
        assert await bridge.heard() == (KITCHEN_STATE, b"own")
        kitchen.send(publish5("$SYS/x", b"forged", 7), publish5(HALL_STATE, b"forged"), PING)
        if isinstance(broker, EmbeddedBroker):
            assert await kitchen.packet() == bytes([0x40, 3, 0, 7, ReasonCode.NOT_AUTHORIZED])
            assert await kitchen.read(2) == PONG
    await heard.until("refused publish to kitchen")
    assert broker.refusals.counts["kitchen", RefusalKind.PUBLISH] >= 1


async def test_filters_are_answered_one_by_one(broker: Broker, wire: OpenWire) -> None:
    asked = [("#", 1), (KITCHEN_SET, 2), ("presslight/light/k+/set", 0), ("$share/g/a", 0), (KITCHEN_SET, 0)]
    wanted = [
        ReasonCode.NOT_AUTHORIZED,
        1,
        ReasonCode.TOPIC_FILTER_INVALID,
        ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
        0,
    ]
    async with wire("kitchen", level=5) as kitchen:
        if isinstance(broker, EmbeddedBroker):
            kitchen.send(subscribe5(*asked))
            assert await kitchen.packet() == packet(0x90, b"\x00\x01\x00", bytes(wanted))
        kitchen.send(subscribe5((KITCHEN_SET, 2)))
        assert await kitchen.packet() == b"\x90\x04\x00\x01\x00\x01"
        kitchen.send(packet(0xA2, b"\x00\x02\x00", text(KITCHEN_SET), text("presslight/light/kitchen/x")))
        assert await kitchen.packet() == b"\xb0\x05\x00\x02\x00\x00\x11"


async def test_light_hears_nothing_by_filters_it_has_no_right_to(connect: Connect) -> None:
    async with connect("kitchen", **FIVE) as kitchen, connect("bridge") as bridge, connect("hall") as hall:
        for wanted in ("#", STATES, "presslight/light/+/set", "$share/g/presslight/light/+/set"):
            await kitchen.subscribe(wanted, qos=1)
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        await hall.publish(HALL_STATE, b"on", qos=1, retain=True)
        await bridge.publish("presslight/light/hall/set", b"on", qos=1)
        await bridge.publish(KITCHEN_SET, b"on", qos=1)
        assert await kitchen.heard() == (KITCHEN_SET, b"on")


WRONG = {
    "QoS 2": (packet(0x34, text(KITCHEN_STATE), b"\x00\x01\x00x"), ReasonCode.QOS_NOT_SUPPORTED),
    "a topic alias": (publish5("", b"x", properties=b"\x23\x00\x01"), ReasonCode.TOPIC_ALIAS_INVALID),
    "a wildcard": (publish5(STATES, b"x"), ReasonCode.TOPIC_NAME_INVALID),
    "a subscription's identifier of 0": (
        subscribe5((KITCHEN_SET, 0), properties=b"\x0b\x00"),
        ReasonCode.PROTOCOL_ERROR,
    ),
    "an unknown property": (publish5(KITCHEN_STATE, b"x", properties=b"\x7e\x01"), ReasonCode.MALFORMED_PACKET),
    "a property twice": (publish5(KITCHEN_STATE, b"x", properties=b"\x01\x00\x01\x00"), ReasonCode.PROTOCOL_ERROR),
    "AUTH": (b"\xf0\x00", ReasonCode.PROTOCOL_ERROR),
    "a second CONNECT": (connect_packet("kitchen", "x", level=5), ReasonCode.PROTOCOL_ERROR),
    "too large": (publish5(KITCHEN_STATE, bytes(MAX_PACKET_BYTES)), ReasonCode.PACKET_TOO_LARGE),
    "3.1.1": (packet(0x82, b"\x00\x01", text(KITCHEN_SET), b"\x01"), ReasonCode.MALFORMED_PACKET),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_packet_that_does_not_add_up_is_told_and_ends_the_connection(opens: OpenWire, kind: str) -> None:
    sent, reason = WRONG[kind]
    async with opens("kitchen", level=5) as kitchen:
        kitchen.send(sent)
        assert await kitchen.rest() == bytes([0xE0, 1, reason])


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (b"\x15\x00\x03OTP", ReasonCode.BAD_AUTHENTICATION_METHOD),
        (b"\x21\x00\x00", ReasonCode.PROTOCOL_ERROR),
        (b"\x7e\x00", ReasonCode.MALFORMED_PACKET),
        (b"\x01\x00", ReasonCode.MALFORMED_PACKET),
    ],
)
async def test_connect_that_does_not_add_up_is_told_why(opens: OpenWire, about: bytes, reason: ReasonCode) -> None:
    async with opens("kitchen", level=5, about=about) as kitchen:
        assert kitchen.answer + await kitchen.rest() == bytes([0x20, 3, 0, reason, 0])


async def test_will_on_a_topic_without_right_is_refused(opens: OpenWire) -> None:
    async with opens("kitchen", level=5, will=(HALL_STATE, b"x")) as kitchen:
        assert kitchen.answer + await kitchen.rest() == bytes([0x20, 3, 0, ReasonCode.NOT_AUTHORIZED, 0])


# -- what a client asks of the broker ----------------------------------------------------------------------------------


async def test_client_is_sent_no_more_at_once_than_it_wants(opens: OpenWire) -> None:
    async with opens("bridge", level=5, about=b"\x21\x00\x02") as bridge, opens("kitchen") as kitchen:
        bridge.send(subscribe5((STATES, 1)))
        await bridge.packet()
        for n in range(6):
            kitchen.send(publish_packet(KITCHEN_STATE, bytes([n]), n + 1))
            await kitchen.packet()
        waiting: list[bytes] = []
        for n in range(6):
            if n >= 2:
                bridge.send(PING)  # its answer comes instead of a third message
                assert await bridge.packet() == PONG
                bridge.send(b"\x40\x02" + waiting.pop(0))
            sent = await bridge.packet()
            assert sent[-1] == n
            waiting.append(sent[4 + len(KITCHEN_STATE) :][:2])


async def test_client_is_sent_nothing_larger_than_it_wants(connect: Connect, wire: OpenWire) -> None:
    async with wire("bridge", level=5, about=b"\x27\x00\x00\x00\x50") as bridge, connect("kitchen") as kitchen:
        bridge.send(subscribe5((STATES, 1)))
        await bridge.packet()
        await kitchen.publish(KITCHEN_STATE, bytes(200), qos=1)
        await kitchen.publish(KITCHEN_STATE, b"small", qos=1)
        assert (await bridge.packet()).endswith(b"small")


@pytest.mark.parametrize("size", [0, 92, 93, 94, 95, 96, 5_000])
@pytest.mark.parametrize("qos", [0, 1])
async def test_largest_packet_that_a_client_wants_is_sent_to_the_byte(opens: OpenWire, qos: int, size: int) -> None:
    """(Mosquitto 2.0.11 sends one byte more.)"""
    rest = 2 + len(KITCHEN_STATE) + (2 if qos else 0) + 1 + size
    largest = 1 + (1 if rest < 128 else 2) + rest
    about = b"\x27" + largest.to_bytes(4, "big")
    async with opens("bridge", level=5, about=about) as bridge, opens("kitchen") as kitchen:
        bridge.send(subscribe5((STATES, qos)))
        await bridge.packet()
        for number, payload in enumerate((b"n" * (size + 1), b"y" * size), 1):
            kitchen.send(publish_packet(KITCHEN_STATE, payload, number))
        sent = await bridge.packet()
        assert (len(sent), sent[len(sent) - size :]) == (largest, b"y" * size)


@pytest.mark.parametrize(
    ("bound", "value", "size"), [("MAX_UNREAD_BYTES", 20_000, 5_000), ("MAX_UNREAD_MESSAGES", 5, 0)]
)
async def test_client_that_acknowledges_nothing_is_cut_off(
    opens: OpenWire, heard: Heard, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, size: int
) -> None:
    monkeypatch.setattr(f"presslight.broker.embedded.amqtt_engine.{bound}", value)
    async with opens("bridge", level=5, about=b"\x21\x00\x01") as bridge, opens("hall") as hall:
        bridge.send(subscribe5((STATES, 1)))
        await bridge.packet()
        for n in range(10):
            hall.send(publish_packet(HALL_STATE, bytes(size), n + 1))
            await hall.packet()
        assert (await bridge.rest()).endswith(bytes([0xE0, 1, ReasonCode.QUOTA_EXCEEDED]))
    await heard.until("refused unread to bridge")


@pytest.mark.parametrize("retain", [False, True])
async def test_client_that_still_owes_an_acknowledgement_after_5_s_is_cut_off_and_sent_no_more(
    opens: OpenWire, heard: Heard, monkeypatch: pytest.MonkeyPatch, retain: bool
) -> None:
    wanted = subscribe5((STATES, 1), ("presslight/light/+/availability", 1))
    async with opens("bridge", level=5, about=b"\x21\x00\x01") as bridge, opens("kitchen") as kitchen:
        if not retain:
            bridge.send(wanted)
            await bridge.packet()
        for number, topic in enumerate((KITCHEN_STATE, AVAILABILITY), 1):
            kitchen.send(publish_packet(topic, b"on", number, head=0x31 if retain else 0x30))
            await kitchen.packet()
        if retain:
            bridge.send(wanted)
            await bridge.packet()
        assert KITCHEN_STATE.encode() in await bridge.packet()
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda now=loop.time: now() + 5)
        bridge.send(PING)
        assert (await bridge.rest()).replace(PONG, b"") == bytes([0xE0, 1, ReasonCode.QUOTA_EXCEEDED])
    await heard.until("refused unread to bridge")
    async with opens("bridge", level=5) as bridge:
        bridge.send(PING)
        assert await bridge.packet() == PONG


async def test_finished_deliveries_are_forgotten_behind_one_that_is_stuck(
    embedded: EmbeddedBroker, accounts: Accounts, opens: OpenWire
) -> None:
    bridge = Client(embedded.address.signed_in_as("bridge", accounts.password("bridge")))
    async with opens("bridge-watch", level=5, about=b"\x21\x00\x01") as stuck, bridge, opens("hall") as hall:
        stuck.send(subscribe5((STATES, 1)))
        await stuck.packet()
        await bridge.subscribe("presslight/light/+/availability", qos=1)
        hall.send(publish_packet(HALL_STATE, b"on", 1))
        await stuck.packet()  # and no PUBACK
        earlier = weakref.WeakSet(finished_tasks())  # of other tests
        for n in range(200):
            hall.send(publish_packet("presslight/light/hall/availability", bytes([n]), 2))
            assert (await bridge.heard())[1] == bytes([n])
        assert len([task for task in finished_tasks() if task not in earlier]) < 100


def finished_tasks() -> list[asyncio.Task[object]]:
    """Give the tasks that have ended and that somebody holds."""
    gc.collect()  # what nobody holds may lie about still
    return [task for task in gc.get_objects() if isinstance(task, asyncio.Task) and task.done()]


async def test_client_without_an_id_is_told_its_own(embedded: EmbeddedBroker, accounts: Accounts) -> None:
    names = text("kitchen") + text(accounts.password("kitchen"))
    hello = packet(0x10, text("MQTT"), b"\x05\xc2\x00\x00\x05\x11\xff\xff\xff\xff", text(""), names)
    async with Wire(embedded.address, hello) as kitchen:
        found = about(PacketTypes.CONNACK)
        found.unpack(kitchen.answer[4:])
        assert found.json()["AssignedClientIdentifier"] == "kitchen"
        assert found.json()["SessionExpiryInterval"] == 0


# -- as Home Assistant does it -----------------------------------------------------------------------------------------


async def test_home_assistant_lives_on_both_brokers_with_version_5(connect: Connect) -> None:
    will = aiomqtt.Will("homeassistant/status", b"offline", qos=0, retain=False)
    async with connect("homeassistant", will=will, **FIVE) as assistant, connect("kitchen") as kitchen:
        await kitchen.publish("homeassistant/device/kitchen/config", b"{}", qos=1, retain=True)
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        await assistant.publish("homeassistant/status", b"online", qos=0)
        asked = ["homeassistant/light/+/+/config", "tasmota/discovery/#", "homeassistant/device/+/config", STATES]
        await assistant.subscribe([(topic, SubscribeOptions(qos=0)) for topic in asked])
        assert await assistant.heard() == ("homeassistant/device/kitchen/config", b"{}")
        await assistant.publish(KITCHEN_SET, b'{"state":"ON"}', qos=0)
        assert await kitchen.heard() == (KITCHEN_SET, b'{"state":"ON"}')
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        assert await assistant.heard() == (KITCHEN_STATE, b"on")
        await assistant.publish("homeassistant/device/kitchen/config", None, retain=True)


async def test_paho_tries_a_connection_with_version_5_as_a_form_does(broker: Broker, accounts: Accounts) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    client = Paho(CallbackAPIVersion.VERSION2, client_id="anything", protocol=MQTTv5, reconnect_on_failure=False)
    client.username_pw_set("homeassistant", accounts.password("homeassistant"))
    client.on_connect = lambda *told: answers.put(told[3])
    client.on_disconnect = lambda *told: answers.put(told[3])
    client.connect_async(broker.address.host, broker.address.port)
    client.loop_start()
    try:
        assert not (await asyncio.to_thread(answers.get, timeout=PATIENCE_S)).is_failure
        client.disconnect()
        assert not (await asyncio.to_thread(answers.get, timeout=PATIENCE_S)).is_failure
    finally:
        client.loop_stop()
