"""CONNECT of both versions: read, refused, and told to amqtt. No socket."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes

from presslight.broker.embedded import properties
from presslight.broker.embedded.connect import Connect, parse_connect, rewritten_connect
from presslight.broker.embedded.mqtt5 import Mqtt5Codec
from presslight.broker.embedded.packet import PacketDecoder
from presslight.broker.embedded.reason_codes import ReasonCode, reason_code_of
from presslight.contract.errors import ContractError, Malformed
from tests.broker.clients import connect_packet, packet, publish_packet, text
from tests.broker.paho_packets import (
    ABOUT_A_CONNECTION,
    ABOUT_A_MESSAGE,
    Properties,
    Recorder,
    cut_3,
    cut_unchecked,
    hello,
    of_paho,
    topics,
    whole,
)

TOPIC = "presslight/light/kitchen/state"


def test_connect_is_read_whole() -> None:
    found = cut_unchecked(connect_packet("kitchen", "secret", client_id="other", will=(TOPIC, b"gone"), keep_alive=4))
    said = parse_connect(found)
    assert said == Connect(4, 0xEE, 4, "kitchen", b"secret", (TOPIC, b"\0gone"), "other")
    assert "secret" not in repr(said)


@pytest.mark.parametrize(
    "wrong",
    [
        publish_packet(TOPIC, b"x"),
        packet(0x10),
        packet(0x10, text("HTTP"), b"\x04\x02\x00\x00", text("x")),
        packet(0x10, text("MQTT"), b"\x04\x02\x00"),
        packet(0x10, text("MQTT"), b"\x04\x03\x00\x00", text("x")),
        packet(0x10, text("MQTT"), b"\x04\x02\x00\x00", text("x"), b"more"),
        packet(0x10, text("MQTT"), b"\x04\x16\x00\x00", text("x"), text(TOPIC), text("qos 2")),
        packet(0x10, text("MQTT"), b"\x04\x0a\x00\x00", text("x")),
        packet(0x10, text("MQTT"), b"\x04\x06\x00\x00", text("x"), text("a/#"), text("x")),
        packet(0x10, text("MQTT"), b"\x04\xc2\x00\x00", text("x"), text("user")),
    ],
)
def test_connect_that_does_not_add_up_is_refused(wrong: bytes) -> None:
    found = cut_unchecked(wrong)
    with pytest.raises(Malformed):
        parse_connect(found)


@pytest.mark.parametrize("level", [3, 6])
def test_connect_of_another_version_says_its_version(level: int) -> None:
    found = cut_unchecked(connect_packet("kitchen", "secret", level=level))
    assert parse_connect(found) == Connect(level, 0xC2, 0)


@pytest.mark.parametrize("will", [None, (TOPIC, b""), (TOPIC, b"offline" * 40)])
def test_introduction_keeps_the_will_and_drops_password_and_keep_alive(will: tuple[str, bytes] | None) -> None:
    found = cut_unchecked(connect_packet("kitchen", "secret", client_id="other", will=will, keep_alive=4))
    introduced = rewritten_connect(parse_connect(found), "kitchen")
    again = cut_unchecked(introduced)
    told = (will[0], b"\0\0" + will[1]) if will else None  # the message's properties, of which there are none, twice
    assert parse_connect(again) == Connect(4, 0xAE if will else 0x82, 0, "kitchen", None, told, "kitchen")
    assert b"secret" not in introduced
    assert b"other" not in introduced


WILL = b"\x00" + text(TOPIC) + text("offline")
NAMES = text("kitchen") + text("secret")
WRONG_HELLO = {
    "reserved flag": (hello(text(""), NAMES, flags=0xC3), ReasonCode.MALFORMED_PACKET),
    "more than there should be": (hello(text(""), NAMES, b"x"), ReasonCode.MALFORMED_PACKET),
    "less than there should be": (hello(text(""), text("kitchen")), ReasonCode.MALFORMED_PACKET),
    "a will's QoS without a will": (hello(text(""), NAMES, flags=0xCA), ReasonCode.MALFORMED_PACKET),
    "a will of QoS 2": (hello(text(""), WILL, NAMES, flags=0xD6), ReasonCode.QOS_NOT_SUPPORTED),
    "a will of QoS 3": (hello(text(""), WILL, NAMES, flags=0xDE), ReasonCode.MALFORMED_PACKET),
    "a will on a wildcard": (
        hello(text(""), b"\x00", text("a/#"), text(""), NAMES, flags=0xC6),
        ReasonCode.TOPIC_NAME_INVALID,
    ),
    "a will with a topic alias": (
        hello(text(""), b"\x03\x23\x00\x01", text("a"), text(""), NAMES, flags=0xC6),
        ReasonCode.MALFORMED_PACKET,
    ),
    "another way to sign in": (
        hello(text(""), NAMES, about=b"\x06\x15\x00\x03OTP"),
        ReasonCode.BAD_AUTHENTICATION_METHOD,
    ),
    "data for no way to sign in": (hello(text(""), NAMES, about=b"\x04\x16\x00\x01x"), ReasonCode.PROTOCOL_ERROR),
    "a receive maximum of 0": (hello(text(""), NAMES, about=b"\x03\x21\x00\x00"), ReasonCode.PROTOCOL_ERROR),
    "a packet size of 0": (hello(text(""), NAMES, about=b"\x05\x27\x00\x00\x00\x00"), ReasonCode.PROTOCOL_ERROR),
    "properties cut off": (packet(0x10, text("MQTT"), b"\x05\xc2\x00\x04\x09\x21"), ReasonCode.MALFORMED_PACKET),
    "nothing after the head": (packet(0x10, text("MQTT"), b"\x05\xc2\x00\x04"), ReasonCode.MALFORMED_PACKET),
}


@pytest.mark.parametrize("kind", WRONG_HELLO)
def test_connect_that_does_not_add_up_is_refused_with_its_reason(kind: str) -> None:
    stream, reason = WRONG_HELLO[kind]
    found = cut_unchecked(stream)
    with pytest.raises(ContractError) as told:
        parse_connect(found)
    assert reason_code_of(told.value) is reason


@given(
    st.fixed_dictionaries({}, optional=ABOUT_A_CONNECTION),
    st.none() | st.tuples(topics, st.binary(max_size=50), st.integers(0, 1), st.booleans()),
    st.fixed_dictionaries({}, optional=ABOUT_A_MESSAGE | {"WillDelayInterval": whole}),
)
def test_connect_of_paho_is_read_whole(about: dict[str, Any], will: Any, about_will: dict[str, Any]) -> None:
    paho = Recorder()
    paho.username_pw_set("hall", "secret")
    paho._connect_properties = of_paho(PacketTypes.CONNECT, about)
    if will:
        topic, message, qos, retain = will
        paho.will_set(topic, message, qos, retain, of_paho(PacketTypes.WILLMESSAGE, about_will))
    paho._send_connect(9)
    frames = PacketDecoder()
    frames.feed(paho.written)
    said = parse_connect(frames.next_packet() or pytest.fail("nothing"))
    assert (said.level, said.keep_alive, said.user, said.password, said.client_id) == (
        5,
        9,
        "hall",
        b"secret",
        "kitchen",
    )
    codec = Mqtt5Codec(said, lambda *_: True)
    assert (codec.receive_maximum, codec.max_packet_bytes) == (
        about.get("ReceiveMaximum"),
        about.get("MaximumPacketSize"),
    )
    (told,) = cut_3(rewritten_connect(said, "hall"))
    again = parse_connect(told)
    assert (again.level, again.user, again.keep_alive, again.password) == (4, "hall", 0, None)
    if will:
        topic, message = said.will or ("", b"")
        assert (topic, properties.payload_of(message)) == will[:2]
        passed_on = {name: value for name, value in about_will.items() if name != "WillDelayInterval" and value != []}
        found = Properties(PacketTypes.PUBLISH)
        found.unpack(message)
        assert {**found.json()} == {**of_paho(PacketTypes.PUBLISH, passed_on).json()}
        assert again.will == (topic, b"\0" + message)
        assert ((again.flags >> 3) & 3, bool(again.flags & 0x20)) == will[2:]
