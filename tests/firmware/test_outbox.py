"""The packets that a light sends, byte by byte as MQTT 3.1.1 has them."""

from typing import Any

import pytest
from amqtt.mqtt.publish import PublishPacket
from hypothesis import given
from hypothesis import strategies as st

from lamp.outbox import Outbox
from tests.firmware.conftest import Both

ROOM = 256
LONGEST_HEADER = 5


def waiting(both: Both, *calls: list[Any]) -> bytes:
    """What waits after all the calls."""
    return bytes.fromhex(both("outbox", list(calls))[-1][1])


def field(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


@pytest.mark.parametrize(
    ("user", "password", "flags"),
    [("", "", 0x2E), ("", "without a user", 0x2E), ("lamp", "", 0xAE), ("lamp", "sesam öffne dich", 0xEE)],
)
def test_connect_brings_a_clean_session_a_will_and_what_proves_who_it_is(
    both: Both, user: str, password: str, flags: int
) -> None:
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + b"\x00\x04" + field("lamp") + field("will/topic") + field("offline")
    body += field(user) if flags & 0x80 else b""
    body += field(password) if flags & 0x40 else b""
    sent = waiting(both, ["connect", "lamp", user, password, "will/topic", 4])
    assert sent == b"\x10" + bytes((len(body),)) + body


def test_connect_longer_than_127_bytes_has_a_length_of_two_bytes(both: Both) -> None:
    sent = waiting(both, ["connect", "lamp", "lamp", "p" * 130, "will", 4])
    assert len(sent) == 3 + ((sent[1] & 0x7F) | sent[2] << 7)
    assert sent[1] & 0x80
    assert sent.endswith(field("p" * 130))


def test_subscribe_asks_for_one_topic_at_qos_1(both: Both) -> None:
    assert waiting(both, ["subscribe", "a/b"]) == b"\x82\x08\x00\x01" + field("a/b") + b"\x01"


def test_acknowledgement_and_ping(both: Both) -> None:
    assert waiting(both, ["acknowledge", 0xFFFE], ["ping"]) == b"\x40\x02\xff\xfe\xc0\x00"


@pytest.mark.parametrize("size", [0, 1, 120, 121, 122, 200])
def test_message_whose_length_was_known_is_as_amqtt_writes_it(both: Both, size: int) -> None:
    text = "x" * size
    expected = PublishPacket.build("t/u", text.encode(), 1, False, 1, True).to_bytes()
    assert waiting(both, ["publish", "t/u", size], ["text", text], ["close"]) == bytes(expected)


@pytest.mark.parametrize("size", [0, 5, 119, 120, 121, 200])
def test_message_shorter_than_it_might_have_been_has_its_own_length(both: Both, size: int) -> None:
    """Its length may take a byte more than it needs, which MQTT 3.1.1 allows."""
    half = "x" * (size // 2)
    parts = [["text", half], ["text", "y" * (size - len(half))]]
    sent = waiting(both, ["ping"], ["publish", "t/u", 200], *parts, ["close"], ["ping"])[2:-2]
    assert sent[0] == 0x33
    assert (sent[1] & 0x7F) | sent[2] << 7 == len(sent) - 3
    assert sent[3:] == field("t/u") + b"\x00\x01" + half.encode() + b"y" * (size - len(half))


def test_each_packet_has_another_id_and_none_has_0() -> None:
    outbox = Outbox(ROOM)
    ids = []
    for _ in range(0xFFFF + 1):
        outbox.clear()
        outbox.subscribe("t")
        ids.append(int.from_bytes(outbox.waiting()[2:4], "big"))
    assert ids == [*range(1, 0xFFFF + 1), 1]


@pytest.mark.parametrize("call", [["ping"], ["acknowledge", 1], ["subscribe", "t"], ["publish", "t", 9]])
def test_packet_without_room_is_not_written_and_spoils_nothing(both: Both, call: list[Any]) -> None:
    fill = ["acknowledge", 7]
    full = [fill] * (ROOM // 4)
    *_, [_, before], [is_written, after], [_, gone], [is_written_then, _] = both(
        "outbox", [*full, call, ["sent", 200], call]
    )
    assert (is_written, after) == (False, before)
    assert before.endswith(gone)
    assert is_written_then is True


@given(st.integers(0, ROOM + 20))
def test_packet_is_written_just_where_it_fits(both: Both, size: int) -> None:
    packet = 4 + 1 + size
    [[fits, _], [is_written, _]] = both("outbox", [["fits", packet], ["publish", "t", size]])
    assert fits == is_written == (LONGEST_HEADER + packet <= ROOM)


@given(st.lists(st.integers(1, 0xFFFF) | st.tuples(st.integers(0, 99)), max_size=200))
def test_socket_that_takes_any_part_gets_every_byte_once_and_in_order(both: Both, script: list[Any]) -> None:
    """A number is acknowledged; a tuple says how many percent of what waits the socket takes then."""
    queue, calls, expected = b"", [], []
    for each in script:
        if isinstance(each, tuple):
            count = -(-len(queue) * each[0] // 100)
            queue = queue[count:]
            calls.append(["sent", count])
        else:
            calls.append(["acknowledge", each])
            if len(queue) + LONGEST_HEADER + 2 <= ROOM:
                queue += b"\x40\x02" + each.to_bytes(2, "big")
        expected.append(queue.hex())
    assert [after for _, after in both("outbox", calls)] == expected


def test_clear_forgets_what_waited_and_what_was_open(both: Both) -> None:
    calls: list[list[Any]] = [["ping"], ["publish", "t", 9], ["text", "half"], ["clear"], ["ping"]]
    assert waiting(both, *calls) == b"\xc0\x00"
