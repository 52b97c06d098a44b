"""Packets as they come in, from amqtt's own hand, cut anywhere. The buffer has 64 bytes here."""

from itertools import chain, pairwise
from typing import Any

import pytest
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.suback import SubackPacket
from hypothesis import given
from hypothesis import strategies as st

from lamp.packet import CONNACK, PUBLISH, SUBACK, Inbox
from tests.firmware.conftest import Both

LENGTH = 64
PUBACK, PINGRESP = 4, 13
Packet = tuple[bytes, list[Any]]


@st.composite
def publishes(draw: st.DrawFn, most: int) -> Packet:
    topic = draw(st.text("abc/", min_size=1, max_size=20))
    message = draw(st.binary(max_size=most))
    qos, is_retained = draw(st.integers(0, 1)), draw(st.booleans())
    number = draw(st.integers(1, 0xFFFF)) if qos else 0
    sent = PublishPacket.build(
        topic, message, number or None, qos == 1 and draw(st.booleans()), qos, is_retained
    ).to_bytes()
    fitting = message[: max(0, len(message) - max(0, len(sent) - LENGTH))]
    return sent, [PUBLISH, number, is_retained, topic, fitting.hex()]


small = st.one_of(
    st.just((ConnackPacket.build(0, 0).to_bytes(), [CONNACK])),
    st.integers(0, 2).map(lambda code: (SubackPacket.build(9, [code, 0x80, 1, 0]).to_bytes(), [SUBACK])),
)
packets = st.one_of(small, publishes(30), publishes(300))


def chunks_of(stream: bytes, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end].hex() for start, end in pairwise(places)]


@given(st.lists(packets, max_size=8), st.lists(st.integers(0, 3_000), max_size=20))
def test_packets_are_found_however_the_stream_is_cut(both: Both, sent: list[Packet], cuts: list[int]) -> None:
    stream = b"".join(each for each, _ in sent)
    found = both("inbox", [LENGTH, *chunks_of(stream, cuts)])
    assert list(chain.from_iterable(found)) == [expected for _, expected in sent]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_are_packets_or_bad_on_both_interpreters(both: Both, stream: bytes, cuts: list[int]) -> None:
    both("inbox", [LENGTH, *chunks_of(stream, cuts)])


def test_answers_without_content_are_found(both: Both) -> None:
    stream = PubackPacket.build(7).to_bytes() + PingRespPacket.build().to_bytes()
    [found] = both("inbox", [LENGTH, stream.hex()])
    assert found == [[PUBACK], [PINGRESP]]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x10\x00",  # CONNECT is no broker's word
        b"\x00\x00",
        b"\xe0\x00",
        b"\x21\x02\x00\x00",  # flags
        b"\x20\x03\x00\x00\x00",  # lengths
        b"\x90\x02\x00\x01",
        b"\x90\x03\x00\x01\x01",  # one code for four topics
        b"\x40\x03\x00\x01\x00",
        b"\xd0\x01\x00",
        b"\x20\x80\x80\x80\x80\x01",
        b"\x34\x05\x00\x01a\x00\x01",  # QoS 2
        b"\x36\x05\x00\x01a\x00\x01",  # QoS 3
        b"\x32\x05\x00\x01a\x00\x00",  # packet id 0
        b"\x30\x00",  # no topic
        b"\x30\x02\x00\x01",
        b"\x32\x03\x00\x01a",
        b"\x30\x81\x01\x00\x7fa" + b"a" * 200,  # a topic longer than the buffer
    ],
)
def test_packet_that_no_broker_may_send_is_bad(both: Both, stream: bytes) -> None:
    assert both("inbox", [LENGTH, stream.hex()])[-1][-1] == "bad"


@pytest.mark.parametrize("code", range(1, 6))
def test_no_to_a_connect_is_bad(both: Both, code: int) -> None:
    assert both("inbox", [LENGTH, ConnackPacket.build(0, code).to_bytes().hex()]) == [["bad"]]


@pytest.mark.parametrize("code", [3, 0x80])
def test_no_to_a_subscribe_is_bad(both: Both, code: int) -> None:
    assert both("inbox", [LENGTH, SubackPacket.build(9, [code, 1, 1, 1]).to_bytes().hex()]) == [["bad"]]


def test_bad_length_is_refused_before_it_has_come(both: Both) -> None:
    assert both("inbox", [LENGTH, b"\x20\xff\xff\xff\x7f".hex()]) == [["bad"]]


def test_cleared_inbox_has_forgotten_half_a_packet() -> None:
    subject = Inbox(LENGTH)
    subject.room()[:3] = b"\x30\x7f\x00"
    subject.grow(3)
    assert not subject.next()
    subject.clear()
    subject.room()[:2] = b"\xd0\x00"
    subject.grow(2)
    assert subject.next()


def test_longest_good_message_fits_the_light_and_a_longer_one_shows_that_it_is() -> None:
    topic = f"presslight/light/{'n' * 32}/set"
    for length, seen in ((1_024, 1_024), (1_025, 1_025), (5_000, None)):
        sent = PublishPacket.build(topic, b"x" * length, 1, False, 1, False).to_bytes()
        subject = Inbox()
        while sent:
            room = subject.room()
            count = min(len(room), len(sent))
            room[:count] = sent[:count]
            subject.grow(count)
            sent = sent[count:]
            if subject.next():
                assert subject.end - subject.start == seen or (seen is None and subject.end - subject.start > 1_024)
