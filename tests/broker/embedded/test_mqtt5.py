"""MQTT 5's packets: cut, judged, worded for amqtt and back, with no socket. (On both brokers: test_version_5.)"""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode as PahoReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from presslight.broker.embedded import mqtt5, properties
from presslight.broker.embedded.connect import Connect, parse_connect, rewritten_connect
from presslight.broker.embedded.mqtt3 import Mqtt3Codec
from presslight.broker.embedded.mqtt5 import Mqtt5Codec
from presslight.broker.embedded.packet import Packet, PacketDecoder, PacketType, topic_filters
from presslight.broker.embedded.reason_codes import ReasonCode, reason_code_of
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.contract.errors import ContractError
from tests.broker.clients import packet, text
from tests.broker.paho_packets import (
    ABOUT_A_MESSAGE,
    Properties,
    Recorder,
    cut_3,
    cut_unchecked,
    hello,
    of_paho,
    pairs,
    topics,
)

TOPIC = "presslight/light/kitchen/state"
SAID = Connect(5, 0xC2, 4, "kitchen", b"secret", client_id="kitchen")


def cut(stream: bytes, language: Mqtt5Codec | None = None) -> list[Packet]:
    frames, found = PacketDecoder((language or Mqtt5Codec(SAID, lambda *_: True)).check_packet), []
    frames.feed(stream)
    while packet := frames.next_packet():
        found.append(packet)
    return found


def read(stream: bytes) -> Packet:
    (found,) = cut(stream)
    assert found.raw == stream
    return found


def inward(stream: bytes) -> bytes:
    language = Mqtt5Codec(SAID, lambda *_: True)
    (found,) = cut(stream, language)
    return language.to_amqtt(found)


# -- what paho writes --------------------------------------------------------------------------------------------------


@given(
    topics,
    st.binary(max_size=300),
    st.integers(0, 1),
    st.booleans(),
    st.fixed_dictionaries({}, optional=ABOUT_A_MESSAGE),
)
def test_publish_of_paho_comes_out_as_it_came_in(
    topic: str, payload: bytes, qos: int, retain: bool, about: dict[str, Any]
) -> None:
    paho, wanted = Recorder(), of_paho(PacketTypes.PUBLISH, about)
    paho._send_publish(7, topic.encode(), payload, qos, retain, properties=wanted)
    inside = inward(paho.written)
    assert Mqtt5Codec(SAID, lambda *_: True).to_client(inside) == paho.written
    plain = Mqtt3Codec().to_client(inside)
    (seen,) = cut_3(plain)
    at = len(text(topic)) + (2 if qos else 0)
    assert (seen.flags, seen.body[at:]) == (qos << 1 | retain, payload)
    assert Mqtt3Codec().to_amqtt(seen) == plain_publish(topic, payload, qos, retain)


def plain_publish(topic: str, payload: bytes, qos: int, retain: bool) -> bytes:
    paho = Recorder()
    paho._send_publish(7, topic.encode(), payload, qos, retain)
    return paho.written


@given(
    st.lists(
        st.tuples(
            topics, st.builds(SubscribeOptions, st.integers(0, 2), st.booleans(), st.booleans(), st.integers(0, 2))
        ),
        min_size=1,
        max_size=5,
    ),
    pairs,
)
def test_subscribe_of_paho_keeps_filters_and_options(asked: list[tuple[str, Any]], about: Any) -> None:
    paho = Recorder()
    paho._send_subscribe(
        False, [(t.encode(), o) for t, o in asked], of_paho(PacketTypes.SUBSCRIBE, {"UserProperty": about})
    )
    inside = inward(paho.written)
    seen = cut_unchecked(inside)
    told = topic_filters(seen.body, 2, options=1)
    assert [topic for topic, _ in told] == [topic for topic, _ in asked]
    for (_, byte), (_, options) in zip(told, asked, strict=True):
        assert byte & 3 == min(options.QoS, 1)
        assert bool(byte & mqtt5.NO_LOCAL) == options.noLocal
        assert bool(byte & mqtt5.RETAIN_AS_PUBLISHED) == options.retainAsPublished
        assert byte >> 4 == options.retainHandling


@given(st.lists(topics, min_size=1, max_size=5), pairs)
def test_unsubscribe_of_paho_keeps_filters(asked: list[str], about: Any) -> None:
    paho = Recorder()
    paho._send_unsubscribe(
        False, [t.encode() for t in asked], of_paho(PacketTypes.UNSUBSCRIBE, {"UserProperty": about})
    )
    (seen,) = cut_3(inward(paho.written))
    assert [topic for topic, _ in topic_filters(seen.body, 2, options=0)] == asked


@pytest.mark.parametrize(("reason", "keeps"), [(None, False), (0, False), (4, True), (0x80, True), (0x81, True)])
@pytest.mark.parametrize(
    "about", [{}, {"SessionExpiryInterval": 0}, {"UserProperty": [("a", "b")], "ReasonString": "x"}]
)
def test_disconnect_of_paho_says_whether_the_will_is_wanted(reason: int | None, keeps: bool, about: Any) -> None:
    paho = Recorder()
    code = None if reason is None else PahoReasonCode(PacketTypes.DISCONNECT, identifier=reason)
    paho._send_disconnect(code, of_paho(PacketTypes.DISCONNECT, about) if about else None)
    assert Mqtt5Codec(SAID, lambda *_: True).wants_will(read(paho.written)) == keeps


@pytest.mark.parametrize("rest", [b"", b"\x00", b"\x10", b"\x87\x00", b"\x00\x03\x1f\x00\x00"])
def test_acknowledgement_is_told_without_its_reason(rest: bytes) -> None:
    assert inward(packet(0x40, b"\x00\x07", rest)) == b"\x40\x02\x00\x07"


# -- what this broker says ---------------------------------------------------------------------------------------------


def unpacked(kind: int, body: bytes) -> dict[str, Any]:
    found = Properties(kind)
    found.unpack(body)
    return dict(found.json())


def test_welcome_says_what_this_broker_can_do() -> None:
    told = Mqtt5Codec(SAID, lambda *_: True).to_client(mqtt5.ACCEPTED_BY_AMQTT)
    assert told[:4] == bytes([0x20, len(told) - 2, 0, 0])
    assert unpacked(PacketTypes.CONNACK, told[4:]) == {
        "MaximumQoS": 1,
        "MaximumPacketSize": MAX_PACKET_BYTES + 1,
        "SharedSubscriptionAvailable": 0,
    }


def test_welcome_says_that_no_session_lasts_and_which_client_id_was_given() -> None:
    said = Connect(5, 0xC2, 4, "kitchen", b"secret", properties={properties.Property.SESSION_EXPIRY: 60})
    found = unpacked(PacketTypes.CONNACK, Mqtt5Codec(said, lambda *_: True).to_client(mqtt5.ACCEPTED_BY_AMQTT)[4:])
    assert found["SessionExpiryInterval"] == 0
    assert found["AssignedClientIdentifier"] == "kitchen"


def test_refused_publish_is_acknowledged_as_refused_and_the_next_of_its_number_is_not() -> None:
    language = Mqtt5Codec(SAID, lambda topic, _: topic == TOPIC)
    for topic, answer in (
        (TOPIC, b"\x40\x02\x00\x07"),
        ("other", b"\x40\x03\x00\x07\x87"),
        (TOPIC, b"\x40\x02\x00\x07"),
    ):
        (sent,) = cut(packet(0x32, text(topic), b"\x00\x07\x00on"), language)
        language.to_amqtt(sent)
        assert language.to_client(b"\x40\x02\x00\x07") == answer


def test_acknowledgements_carry_their_codes_and_3_1_1_is_told_what_it_knows() -> None:
    codes = [0, 1, ReasonCode.NOT_AUTHORIZED] * 50
    told = mqtt5.subscription_ack(PacketType.SUBACK, 0x102, codes)
    assert told == packet(0x90, b"\x01\x02\x00", bytes(codes))
    assert Mqtt5Codec(SAID, lambda *_: True).to_client(told) == told
    assert Mqtt3Codec().to_client(told) == packet(0x90, b"\x01\x02", bytes([0, 1, 0x80] * 50))
    assert Mqtt3Codec().to_client(mqtt5.subscription_ack(PacketType.UNSUBACK, 0x102, codes)) == b"\xb0\x02\x01\x02"


@pytest.mark.parametrize("told", [b"\xd0\x00", b"\x40\x02\x00\x07"])
def test_what_both_versions_share_is_told_as_it_is(told: bytes) -> None:
    assert Mqtt5Codec(SAID, lambda *_: True).to_client(told) == Mqtt3Codec().to_client(told) == told


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("$share/g/a", ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED),
        ("a/#/b", ReasonCode.TOPIC_FILTER_INVALID),
        ("a/b#", ReasonCode.TOPIC_FILTER_INVALID),
        ("a+/b", ReasonCode.TOPIC_FILTER_INVALID),
        ("#", ReasonCode.NOT_AUTHORIZED),
        ("+/a/#", ReasonCode.NOT_AUTHORIZED),
        ("a//b/", ReasonCode.NOT_AUTHORIZED),
    ],
)
def test_filter_is_refused_with_its_reason(wanted: str, reason: ReasonCode) -> None:
    assert mqtt5.filter_error(wanted) is reason


@pytest.mark.parametrize(
    ("options", "new", "wanted"),
    [(0x00, False, True), (0x0D, True, True), (0x10, True, True), (0x11, False, False), (0x20, True, False)],
)
def test_retain_handling_says_when_retained_messages_are_sent(options: int, new: bool, wanted: bool) -> None:
    assert mqtt5.sends_retained(options, new=new) is wanted


# -- what does not add up ----------------------------------------------------------------------------------------------

MESSAGE = b"\x00on"
WRONG = {
    "a topic alias": (packet(0x30, text(""), b"\x03\x23\x00\x01", b"on"), ReasonCode.TOPIC_ALIAS_INVALID),
    "a topic alias of 0": (packet(0x30, text("a"), b"\x03\x23\x00\x00", b"on"), ReasonCode.PROTOCOL_ERROR),
    "no topic": (packet(0x30, text(""), MESSAGE), ReasonCode.PROTOCOL_ERROR),
    "a wildcard": (packet(0x30, text("a/+"), MESSAGE), ReasonCode.TOPIC_NAME_INVALID),
    "a subscription's identifier": (packet(0x30, text("a"), b"\x02\x0b\x01", b"on"), ReasonCode.PROTOCOL_ERROR),
    "QoS 2": (packet(0x34, text("a"), b"\x00\x01", MESSAGE), ReasonCode.QOS_NOT_SUPPORTED),
    "QoS 3": (packet(0x36, text("a"), b"\x00\x01", MESSAGE), ReasonCode.MALFORMED_PACKET),
    "DUP of QoS 0": (packet(0x38, text("a"), MESSAGE), ReasonCode.MALFORMED_PACKET),
    "number 0": (packet(0x32, text("a"), b"\x00\x00", MESSAGE), ReasonCode.PROTOCOL_ERROR),
    "no properties": (packet(0x30, text("a")), ReasonCode.MALFORMED_PACKET),
    "properties too long": (packet(0x30, text("a"), b"\x05\x01\x01"), ReasonCode.MALFORMED_PACKET),
    "a value cut off": (packet(0x30, text("a"), b"\x03\x02\x00\x00"), ReasonCode.MALFORMED_PACKET),
    "a length in more bytes than it takes": (packet(0x30, text("a"), b"\x80\x00", b"on"), ReasonCode.MALFORMED_PACKET),
    "a length without end": (packet(0x30, text("a"), b"\xff\xff\xff\xff\xff"), ReasonCode.MALFORMED_PACKET),
    "an unknown property": (packet(0x30, text("a"), b"\x02\x7e\x01", b"on"), ReasonCode.MALFORMED_PACKET),
    "a property of CONNECT": (packet(0x30, text("a"), b"\x05\x11\x00\x00\x00\x01"), ReasonCode.MALFORMED_PACKET),
    "a property twice": (packet(0x30, text("a"), b"\x04\x01\x00\x01\x00"), ReasonCode.PROTOCOL_ERROR),
    "a payload format of 2": (packet(0x30, text("a"), b"\x02\x01\x02"), ReasonCode.PROTOCOL_ERROR),
    "an answer to a wildcard": (packet(0x30, text("a"), b"\x04\x08\x00\x01#"), ReasonCode.PROTOCOL_ERROR),
    "a text that is not UTF-8": (packet(0x30, text("a"), b"\x04\x03\x00\x01\xff"), ReasonCode.MALFORMED_PACKET),
    "a null character": (packet(0x30, text("a"), b"\x04\x03\x00\x01\x00"), ReasonCode.MALFORMED_PACKET),
    "a subscription's identifier of 0": (
        packet(0x82, b"\x00\x01\x02\x0b\x00", text("a"), b"\x00"),
        ReasonCode.PROTOCOL_ERROR,
    ),
    "two identifiers": (
        packet(0x82, b"\x00\x01\x04\x0b\x01\x0b\x02", text("a"), b"\x00"),
        ReasonCode.PROTOCOL_ERROR,
    ),
    "an identifier of five bytes": (
        packet(0x82, b"\x00\x01\x06\x0b\xff\xff\xff\xff\x01", text("a"), b"\x00"),
        ReasonCode.MALFORMED_PACKET,
    ),
    "a subscription without properties": (packet(0x82, b"\x00\x01", text("a"), b"\x00"), ReasonCode.MALFORMED_PACKET),
    "a subscription to nothing": (packet(0x82, b"\x00\x01\x00"), ReasonCode.MALFORMED_PACKET),
    "a subscription number 0": (packet(0x82, b"\x00\x00\x00", text("a"), b"\x00"), ReasonCode.PROTOCOL_ERROR),
    "an empty filter": (packet(0x82, b"\x00\x01\x00", text(""), b"\x00"), ReasonCode.MALFORMED_PACKET),
    "a filter without options": (packet(0x82, b"\x00\x01\x00", text("a")), ReasonCode.MALFORMED_PACKET),
    "reserved options": (packet(0x82, b"\x00\x01\x00", text("a"), b"\x40"), ReasonCode.MALFORMED_PACKET),
    "a subscription of QoS 3": (packet(0x82, b"\x00\x01\x00", text("a"), b"\x03"), ReasonCode.PROTOCOL_ERROR),
    "retain handling 3": (packet(0x82, b"\x00\x01\x00", text("a"), b"\x30"), ReasonCode.PROTOCOL_ERROR),
    "a shared one without local": (
        packet(0x82, b"\x00\x01\x00", text("$share/g/a"), b"\x04"),
        ReasonCode.PROTOCOL_ERROR,
    ),
    "SUBSCRIBE with wrong flags": (packet(0x80, b"\x00\x01\x00", text("a"), b"\x00"), ReasonCode.MALFORMED_PACKET),
    "UNSUBSCRIBE from nothing": (packet(0xA2, b"\x00\x01\x00"), ReasonCode.MALFORMED_PACKET),
    "UNSUBSCRIBE with an identifier": (packet(0xA2, b"\x00\x01\x02\x0b\x01", text("a")), ReasonCode.MALFORMED_PACKET),
    "PUBACK of nothing": (packet(0x40), ReasonCode.MALFORMED_PACKET),
    "PUBACK of 0": (packet(0x40, b"\x00\x00"), ReasonCode.PROTOCOL_ERROR),
    "PUBACK with more": (packet(0x40, b"\x00\x01\x00\x00x"), ReasonCode.MALFORMED_PACKET),
    "PUBREC": (packet(0x50, b"\x00\x01"), ReasonCode.PROTOCOL_ERROR),
    "PUBREL": (packet(0x62, b"\x00\x01"), ReasonCode.PROTOCOL_ERROR),
    "AUTH": (packet(0xF0), ReasonCode.PROTOCOL_ERROR),
    "CONNACK": (packet(0x20, b"\x00\x00\x00"), ReasonCode.PROTOCOL_ERROR),
    "type 0": (packet(0x00), ReasonCode.PROTOCOL_ERROR),
    "PINGREQ with a body": (packet(0xC0, b"x"), ReasonCode.MALFORMED_PACKET),
    "a goodbye with more": (packet(0xE0, b"\x00\x00x"), ReasonCode.MALFORMED_PACKET),
    "a session that now shall last": (packet(0xE0, b"\x00\x05\x11\x00\x00\x00\x01"), ReasonCode.PROTOCOL_ERROR),
    "too large": (b"\x30\x81\x40", ReasonCode.PACKET_TOO_LARGE),
    "a length of five bytes": (b"\x30\xff\xff\xff\xff\x01", ReasonCode.MALFORMED_PACKET),
}


@pytest.mark.parametrize("kind", WRONG)
def test_packet_that_does_not_add_up_ends_the_connection_with_its_reason(kind: str) -> None:
    stream, reason = WRONG[kind]
    with pytest.raises(ContractError) as told:
        cut(stream)
    assert reason_code_of(told.value) is reason


WILL = b"\x00" + text(TOPIC) + text("offline")
NAMES = text("kitchen") + text("secret")
GOOD = [
    hello(text("kitchen"), WILL, NAMES, flags=0xEE, about=b"\x08\x11\x00\x00\x00\x3c\x21\x00\x14"),
    packet(0x32, text(TOPIC), b"\x00\x07", b"\x09\x02\x00\x00\x00\x3c\x03\x00\x01x", b"on"),
    packet(0x30, text(TOPIC), b"\x07\x26\x00\x01a\x00\x01b", b"on"),
    packet(0x82, b"\x00\x01\x00", text("a/+"), b"\x0d", text("b"), b"\x20"),
    packet(0xA2, b"\x00\x01\x07\x26\x00\x01a\x00\x01b", text("a")),
    packet(0x40, b"\x00\x07\x00\x00"),
    b"\xc0\x00",
    packet(0xE0, b"\x04\x00"),
]


def judged(stream: bytes) -> None:
    """Whatever comes is refused, or amqtt is told packets that are whole and the client's own version can be told."""
    language = Mqtt5Codec(SAID, lambda *_: False)
    for found in cut(stream, language):
        if found.kind is PacketType.CONNECT:
            said = parse_connect(found)
            if said.level == 5:
                cut_3(rewritten_connect(said, "kitchen"))
            continue
        told = language.to_amqtt(found)
        cut_unchecked(told)
        assert told[0] == found.raw[0]
        if found.kind is PacketType.PUBLISH:
            assert cut_3(Mqtt3Codec().to_client(told))


@given(st.sampled_from(GOOD), st.data())
def test_damaged_packet_is_refused_or_told_whole(good: bytes, data: st.DataObject) -> None:
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ContractError):
        judged(bytes(damaged))


@pytest.mark.parametrize("good", GOOD, ids=lambda good: PacketType(good[0] >> 4).name)
def test_packet_cut_short_is_refused_or_told_whole(good: bytes) -> None:
    body = read_body(good)
    for size in range(len(body)):
        with suppress(ContractError):
            judged(packet(good[0], body[:size]))


def read_body(good: bytes) -> bytes:
    found = cut_unchecked(good)
    return found.body


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_told_whole(stream: bytes) -> None:
    with suppress(ContractError):
        judged(stream)
