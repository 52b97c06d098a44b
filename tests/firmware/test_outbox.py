"""Packets as they go out, read back by amqtt."""

import asyncio
from typing import Any

import pytest
from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader
from hypothesis import given
from hypothesis import strategies as st

from lamp.packet import Outbox
from tests.firmware.conftest import Both

LENGTH = 256
topics = st.text("abc/", min_size=1, max_size=20)
messages = st.text("xyz \u00e4", max_size=60)


def read(stream: bytes) -> list[Any]:
    """The packets in a stream, as amqtt has them."""

    async def run() -> list[Any]:
        reader = BufferReader(stream)
        found = []
        while (header := await MQTTFixedHeader.from_stream(reader)) is not None:
            found.append(await packet_class(header).from_stream(reader, fixed_header=header))
        return found

    return asyncio.run(run())


def written(both: Both, *calls: list[Any]) -> list[Any]:
    seen = both("outbox", list(calls))
    return read(bytes.fromhex(seen[-1][1]))


@pytest.mark.parametrize(("user", "password"), [("hall", "s\u00e4cret"), ("hall", ""), ("", ""), ("", "orphan")])
def test_connect_says_who_and_what_is_to_be_said_when_it_is_gone(both: Both, user: str, password: str) -> None:
    [packet] = written(both, ["connect", "hall", user, password, "hall/availability", 4])
    said = packet.payload
    assert (said.client_id, said.will_topic, said.will_message) == ("hall", "hall/availability", b"offline")
    assert (said.username, said.password) == (user or None, password if user and password else None)
    head = packet.variable_header
    assert (head.proto_name, head.proto_level, head.keep_alive) == ("MQTT", 4, 4)
    assert (head.clean_session_flag, head.will_flag, head.will_retain_flag, head.will_qos) == (True, True, True, 1)
    assert not head.reserved_flag


def test_subscribe_asks_for_one_topic_at_qos_1(both: Both) -> None:
    [packet] = written(both, ["subscribe", ["hall/set"]])
    assert packet.payload.topics == [("hall/set", 1)]
    assert packet.variable_header.packet_id > 0


@given(topics, st.lists(messages, max_size=3), st.integers(0, 3))
def test_message_is_retained_at_qos_1_whatever_the_room_it_asked_for(
    both: Both, topic: str, parts: list[str], spare: int
) -> None:
    length = len("".join(parts).encode())
    most = min(length + 40 * spare, LENGTH - 9 - len(topic))
    [packet] = written(both, ["publish", topic, most], *(["text", part] for part in parts), ["close"])
    assert (packet.topic_name, packet.data) == (topic, "".join(parts).encode())
    assert (packet.retain_flag, packet.qos, packet.dup_flag) == (True, 1, False)


def test_acknowledgement_and_ping_are_as_amqtt_reads_them(both: Both) -> None:
    ack, ping = written(both, ["acknowledge", 0x1234], ["ping"])
    assert ack.packet_id == 0x1234
    assert ping.fixed_header.packet_type == 12


def test_packet_ids_rise_and_are_never_0() -> None:
    outbox = Outbox(LENGTH)
    outbox._id = 0xFFFE
    found = []
    for _ in range(3):
        outbox.clear()
        outbox.subscribe(["a"])
        found.append(read(bytes(outbox.waiting()))[0].variable_header.packet_id)
    assert found == [0xFFFF, 1, 2]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ping")),
            st.tuples(st.just("acknowledge"), st.integers(1, 0xFFFF)),
            st.tuples(st.just("subscribe"), st.lists(topics, max_size=4)),
            st.tuples(st.just("sent"), st.integers(0, 60)),
        ),
        max_size=60,
    )
)
def test_outbox_sends_whole_packets_in_order_and_never_more_than_it_holds(both: Both, calls: list[Any]) -> None:
    """`sent` is bounded by what waits, as the socket's answer is."""
    model, stream, kept = Outbox(LENGTH), b"", []
    for name, *arguments in calls:
        if name == "sent":
            count = min(*arguments, len(model.waiting()))
            stream += bytes(model.waiting()[:count])
            model.sent(count)
            kept.append(["sent", count])
        else:
            before = len(model.waiting())
            fits = getattr(model, name)(*arguments)
            assert fits == (len(model.waiting()) > before)
            kept.append([name, *arguments])
        assert len(model.waiting()) <= LENGTH
    seen = both("outbox", kept)
    stream += bytes(model.waiting())
    assert not seen or bytes.fromhex(seen[-1][1]) == bytes(model.waiting())
    written_calls = [call for call, (fits, _) in zip(kept, seen, strict=True) if fits]
    assert len(read(stream)) == len(written_calls)


def test_packet_that_does_not_fit_leaves_the_others_whole() -> None:
    outbox = Outbox(LENGTH)
    assert outbox.ping()
    assert not outbox.publish("t", LENGTH)
    assert not outbox.subscribe(["t" * LENGTH])
    assert not outbox.connect("t" * LENGTH, "", "", "", 4)
    assert bytes(outbox.waiting()) == b"\xc0\x00"


def test_cleared_outbox_sends_nothing_of_before() -> None:
    outbox = Outbox(LENGTH)
    outbox.ping()
    outbox.clear()
    assert len(outbox.waiting()) == 0
