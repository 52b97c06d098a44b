"""What a broker sends, cut anywhere, as both interpreters read it; the packets themselves are made by amqtt."""

from typing import Any

import pytest
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.suback import SubackPacket
from hypothesis import given
from hypothesis import strategies as st

from lamp.packet import CONNACK, PUBLISH, SUBACK
from tests.firmware.conftest import Both

ROOM = 64
TOPIC = "presslight/light/lamp/set"


def connack(code: int) -> bytes:
    return bytes(ConnackPacket.build(0, code).to_bytes())


def suback(code: int) -> bytes:
    return bytes(SubackPacket.build(9, [code]).to_bytes())


def publish(message: bytes, packet_id: int = 0, is_retained: bool = False, is_copy: bool = False) -> bytes:
    """A message at QoS 1 if it has a packet id, else at QoS 0."""
    packet = PublishPacket.build(TOPIC, message, packet_id or None, is_copy, int(packet_id > 0), is_retained)
    return bytes(packet.to_bytes())


def heard(message: bytes, packet_id: int = 0, is_retained: bool = False) -> list[Any]:
    """What the light shall find in `publish` of the same."""
    return [PUBLISH, packet_id, is_retained, TOPIC, message.hex()]


def found(both: Both, *chunks: bytes) -> list[Any]:
    return [packet for seen in both("inbox", [chunk.hex() for chunk in chunks]) for packet in seen]


STREAM = [
    (connack(0), [CONNACK, 0]),
    (suback(1), [SUBACK, 1]),
    (publish(b"QoS 0"), heard(b"QoS 0")),
    (publish(b"QoS 1", packet_id=0x1234), heard(b"QoS 1", packet_id=0x1234)),
    (publish(b"", packet_id=0xFFFF, is_copy=True), heard(b"", packet_id=0xFFFF)),
    (publish(b"old", is_retained=True), heard(b"old", is_retained=True)),
    (publish(b"last"), heard(b"last")),
]
SENT = b"".join(sent for sent, _ in STREAM)
FOUND = [found for _, found in STREAM]


def test_stream_is_read_packet_by_packet(both: Both) -> None:
    assert found(both, SENT) == FOUND


def test_stream_cut_at_any_byte_is_the_same(both: Both) -> None:
    for cut in range(1, len(SENT)):
        assert found(both, SENT[:cut], SENT[cut:]) == FOUND


def test_stream_that_comes_byte_by_byte_is_the_same(both: Both) -> None:
    assert found(both, *(SENT[at : at + 1] for at in range(len(SENT)))) == FOUND


def test_packet_is_found_with_its_last_byte_and_no_sooner(both: Both) -> None:
    for sent, expected in STREAM:
        assert both("inbox", [sent[:-1].hex(), sent[-1:].hex()]) == [[], [expected]]


@pytest.mark.parametrize("code", [0, 1, 5, 255])
def test_code_of_the_broker_is_told(both: Both, code: int) -> None:
    assert found(both, connack(code), suback(code)) == [[CONNACK, code], [SUBACK, code]]


def test_acknowledgement_and_pong_are_found(both: Both) -> None:
    assert [kind for kind, _ in found(both, b"\x40\x02\x00\x07\xd0\x00")] == [4, 13]


@given(st.data(), st.integers(ROOM, 3_000))
def test_message_larger_than_the_buffer_is_cut_and_the_stream_goes_on(
    both: Both, data: st.DataObject, size: int
) -> None:
    """What is given of it fills the buffer, so a buffer larger than a good message tells it from one."""
    big = publish(b"x" * size, packet_id=7)
    sent = STREAM[2][0] + big + STREAM[3][0] + big + STREAM[0][0]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    chunks = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    before, cut, between, again, after = found(both, *chunks)
    assert (before, between, after) == (STREAM[2][1], STREAM[3][1], STREAM[0][1])
    header = len(big) - size
    assert cut == again == heard(b"x" * (ROOM - header), packet_id=7)


def test_message_that_just_fits_is_whole(both: Both) -> None:
    size = ROOM - len(publish(b""))
    assert found(both, publish(b"y" * size) * 2) == [heard(b"y" * size)] * 2


packets = st.builds(
    lambda message, packet_id, is_retained: (
        publish(message, packet_id, is_retained),
        heard(message, packet_id, is_retained),
    ),
    st.binary(max_size=ROOM - len(publish(b"", packet_id=1))),
    st.integers(0, 0xFFFF),
    st.booleans(),
)


@given(st.lists(packets | st.sampled_from(STREAM), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_any_packets_in_any_chunks_are_read_as_they_were_sent(
    both: Both, stream: list[tuple[bytes, Any]], sizes: list[int]
) -> None:
    rest = b"".join(sent for sent, _ in stream)
    chunks: list[bytes] = []
    while rest:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(rest[:size])
        rest = rest[size:]
    assert found(both, *chunks) == [expected for _, expected in stream]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("00 00", id="type 0"),
        pytest.param("f0 00", id="type 15"),
        pytest.param("10 00", id="CONNECT, which is not for a client"),
        pytest.param("62 02 00 01", id="PUBREL, which answers what a light never says"),
        pytest.param("21 02 00 00", id="CONNACK with a flag"),
        pytest.param("20 03 00 00 00", id="CONNACK too long"),
        pytest.param("20 01 00", id="CONNACK too short"),
        pytest.param("90 04 00 01 01 01", id="SUBACK of two topics"),
        pytest.param("d0 01 00", id="PINGRESP with a body"),
        pytest.param("30 80 80 80 80 01", id="length of five bytes"),
        pytest.param("30 00", id="PUBLISH without a topic"),
        pytest.param("30 01 00", id="PUBLISH with half a topic's length"),
        pytest.param("30 04 00 03 61 61", id="topic longer than its packet"),
        pytest.param("32 03 00 01 61", id="QoS 1 without an id"),
        pytest.param("32 05 00 01 61 00 00", id="QoS 1 with id 0"),
        pytest.param("34 05 00 01 61 00 01", id="QoS 2"),
        pytest.param("36 05 00 01 61 00 01", id="QoS 3"),
    ],
)
def test_packet_that_no_broker_may_send_is_bad(both: Both, sent: str) -> None:
    chunk = bytes.fromhex(sent)
    assert found(both, STREAM[2][0] + chunk) == [STREAM[2][1], "bad"]
    assert found(both, *(chunk[at : at + 1] for at in range(len(chunk)))) == ["bad"]


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_bytes_are_packets_or_bad_or_wait_for_more(both: Both, chunks: list[bytes]) -> None:
    *packets, last = [*found(both, *chunks), "bad"]
    assert last == "bad"
    assert all(packet == "bad" or packet[0] in (CONNACK, PUBLISH, 4, SUBACK, 13) for packet in packets)
