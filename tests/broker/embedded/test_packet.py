"""MQTT 3.1.1's packets: cut, judged and written, with no socket. (Those of MQTT 5: test_mqtt5.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.broker.embedded.connect import parse_connect
from presslight.broker.embedded.mqtt3 import Mqtt3Codec
from presslight.broker.embedded.packet import Packet, PacketDecoder, PacketType
from presslight.broker.limits import MAX_PACKET_BYTES
from presslight.contract.errors import ContractError, Malformed, TooLarge
from tests.broker.clients import connect_packet, packet, publish_packet, subscribe_packet, text

TOPIC = "presslight/light/kitchen/state"
GOOD = [
    connect_packet("kitchen", "secret", will=(TOPIC, b""), keep_alive=4),
    publish_packet(TOPIC, b"on", 7),
    publish_packet(TOPIC, bytes(300)),
    subscribe_packet("#", 2),
    packet(0xA2, b"\x00\x01", text("#")),
    b"\x40\x02\x00\x07",
    b"\xc0\x00",
    b"\xe0\x00",
]


def cut(stream: bytes, chunk: int = 65_536) -> list[Packet]:
    frames, found = PacketDecoder(Mqtt3Codec().check_packet), []
    for at in range(0, len(stream), chunk):
        frames.feed(stream[at : at + chunk])
        while packet := frames.next_packet():
            found.append(packet)
    return found


@given(st.lists(st.sampled_from(GOOD), max_size=8), st.integers(1, 40))
def test_packets_are_found_wherever_the_stream_is_cut(packets: list[bytes], chunk: int) -> None:
    assert [found.raw for found in cut(b"".join(packets), chunk)] == packets


@given(st.binary(max_size=200), st.integers(1, 40))
def test_any_bytes_give_packets_or_a_contract_error(stream: bytes, chunk: int) -> None:
    try:
        for found in cut(stream, chunk):
            parse_connect(found)
    except ContractError:
        pass


@given(st.sampled_from(GOOD), st.data())
def test_damaged_packet_gives_packets_or_a_contract_error(good: bytes, data: st.DataObject) -> None:
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        for found in cut(bytes(damaged)):
            if found.kind is PacketType.CONNECT:
                parse_connect(found)
            if found.kind is PacketType.SUBSCRIBE:
                assert cut(Mqtt3Codec().to_amqtt(found))
    except ContractError:
        pass


def test_too_large_packet_is_refused_at_its_head() -> None:
    assert cut(b"\x30" + MAX_PACKET_BYTES.to_bytes(1, "big") if MAX_PACKET_BYTES < 128 else b"\x30\x80\x40") == []
    with pytest.raises(TooLarge):
        cut(b"\x30\x81\x40")
    with pytest.raises(Malformed):
        cut(b"\x30\xff\xff\xff\xff")


@pytest.mark.parametrize("kind", [0, 2, 5, 6, 7, 9, 11, 13, 15])
def test_packet_that_clients_do_not_send_is_refused_at_its_first_byte(kind: int) -> None:
    with pytest.raises(Malformed):
        cut(bytes([kind << 4]))


@pytest.mark.parametrize(
    "wrong",
    [
        publish_packet("", b"x"),
        publish_packet("a/+", b"x"),
        publish_packet("a/#", b"x"),
        publish_packet("$SYS/x", b"x"),
        publish_packet("a\0b", b"x"),
        packet(0x30, text(b"\xff"), b"x"),
        packet(0x38, text("a"), b"x"),
        packet(0x34, text("a"), b"\x00\x01x"),
        packet(0x32, text("a"), b"\x00\x00x"),
        packet(0x32, text("a")),
        packet(0x30, b"\x00\x05ab"),
        packet(0x80, b"\x00\x01", text("a"), b"\x01"),
        packet(0x82, b"\x00\x00", text("a"), b"\x01"),
        packet(0x82, b"\x00\x01"),
        packet(0x82, b"\x00\x01", text("a")),
        packet(0x82, b"\x00\x01", text("a"), b"\x03"),
        packet(0x82, b"\x00\x01", text(""), b"\x01"),
        packet(0xA2, b"\x00\x01"),
        packet(0x40, b"\x00\x01\x00"),
        packet(0xC0, b"\x00"),
        packet(0xE1),
    ],
)
def test_packet_that_does_not_add_up_is_refused(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        cut(wrong)
