"""MQTT 3.1.1's packets as they are told inside, and what is told from inside. No socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.broker.embedded import mqtt5
from presslight.broker.embedded.mqtt3 import FAILURE, Mqtt3Codec
from presslight.broker.embedded.packet import PacketDecoder, PacketType
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.contract.errors import Malformed
from tests.broker.clients import packet, publish_packet, subscribe_packet, text
from tests.broker.paho_packets import cut_3, topics


def inward(stream: bytes) -> bytes:
    (found,) = cut_3(stream)
    return Mqtt3Codec().to_amqtt(found)


def test_subscription_is_granted_qos_1_at_most() -> None:
    wanted = packet(0x82, b"\x00\x01", text("a"), b"\x02", text("b/+"), b"\x00", text("c"), b"\x01")
    assert inward(wanted) == packet(0x82, b"\x00\x01", text("a"), b"\x01", text("b/+"), b"\x00", text("c"), b"\x01")


@given(topics, st.binary(max_size=300), st.integers(0, 0xFFFF), st.booleans())
def test_message_is_told_with_no_properties_and_comes_out_as_it_was(
    topic: str, payload: bytes, number: int, retain: bool
) -> None:
    sent = publish_packet(topic, payload, number, head=0x31 if retain else 0x30)
    told = inward(sent)
    at = len(sent) - len(payload)
    assert told[-len(payload) - 1 :] == b"\0" + payload
    assert sent[2:at] == told[2 if told[1] < 0x80 else 3 : -len(payload) - 1] or len(told) > 0x80
    assert Mqtt3Codec().to_client(told) == sent


def test_properties_of_a_message_are_kept_from_a_client_that_does_not_know_them() -> None:
    told = packet(0x30, text("a"), b"\x05\x02\x00\x00\x00\x3c", b"on")
    assert Mqtt3Codec().to_client(told) == publish_packet("a", b"on")


def test_client_is_told_only_that_it_was_refused() -> None:
    told = mqtt5.subscription_ack(PacketType.SUBACK, 7, [1, ReasonCode.NOT_AUTHORIZED, ReasonCode.TOPIC_FILTER_INVALID])
    assert Mqtt3Codec().to_client(told) == packet(0x90, b"\x00\x07", bytes([1, FAILURE, FAILURE]))


@pytest.mark.parametrize(("reason", "code"), [(ReasonCode.UNSUPPORTED_VERSION, 1), (ReasonCode.NOT_AUTHORIZED, 5)])
def test_refusal_is_worded_as_far_as_the_version_can(reason: ReasonCode, code: int) -> None:
    assert Mqtt3Codec().refusing_connack(reason) == bytes([0x20, 2, 0, code])
    assert Mqtt3Codec().disconnect_packet(reason) == b""


@pytest.mark.parametrize("wrong", [subscribe_packet("a", 3), packet(0x40, b"\x00\x01\x00"), packet(0xE0, b"\x04")])
def test_packet_of_the_other_version_is_refused(wrong: bytes) -> None:
    frames = PacketDecoder(Mqtt3Codec().check_packet)
    frames.feed(wrong)
    with pytest.raises(Malformed):
        frames.next_packet()
