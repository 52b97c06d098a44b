"""What a light asks a time server, and which answers it takes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamp import sntp
from tests.firmware.time_servers import answer

MARK = b"12345678"
SENT = sntp.packet(MARK)
NOW = 1_800_000_000


def test_question_is_of_a_client_and_says_nothing_but_its_mark() -> None:
    assert b"\x23" + bytes(39) + MARK == SENT


@pytest.mark.parametrize("seconds", [0, NOW, 2**31 - 1, 2_085_978_495, 2_085_978_497, 3_094_168_447])
def test_time_is_read_before_and_after_2036(seconds: int) -> None:
    assert sntp.answer(answer(SENT, seconds), SENT) == seconds


@pytest.mark.parametrize(
    "text",
    [
        b"",
        answer(SENT, NOW)[:47],
        answer(SENT, NOW, mark=b"12345679"),
        answer(SENT, NOW, mark=bytes(8)),
        answer(SENT, NOW, first=0x23),
        answer(SENT, NOW, first=0x25),
        SENT,
    ],
    ids=["empty", "short", "another mark", "no mark", "a client", "a broadcast", "an echo"],
)
def test_what_answers_another_question_is_no_answer(text: bytes) -> None:
    assert sntp.answer(text, SENT) == 0


@pytest.mark.parametrize(
    "text",
    [
        answer(SENT, NOW, stratum=0),
        answer(SENT, NOW, stratum=16),
        answer(SENT, NOW, first=0xE4),
        answer(SENT, -2_208_988_800),
        answer(SENT, 3_094_168_448),
    ],
    ids=["kiss-o'-death", "too far from a clock", "not set", "no time", "after the last date of a chip"],
)
def test_server_without_a_time_is_told(text: bytes) -> None:
    with pytest.raises(OSError, match="has no time"):
        sntp.answer(text, SENT)


@given(st.binary(max_size=64), st.booleans())
def test_any_bytes_are_read_to_an_end(text: bytes, is_ours: bool) -> None:
    text = text[:24] + MARK + text[32:] if is_ours else text
    read: Callable[[bytes, bytes], int] = sntp.answer
    try:
        assert read(text, SENT) >= 0
    except OSError:
        assert len(text) >= 48
