"""What a line from a simulated light does to what can be seen of it."""

import pytest

from presslight.simulated.light_output import Glow

LIT = Glow(duty=7, us=8, link="up", log="hello")


@pytest.mark.parametrize(
    ("line", "glow"),
    [
        (b'{"duty": 65535, "us": 99}\n', Glow(65_535, 99, "up", "hello")),
        (b'{"link": "down"}\n', Glow(7, 8, "down", "hello")),
        (b'{"log": "bye"}\n', Glow(7, 8, "up", "bye", 1)),
        (b"bye\n", Glow(7, 8, "up", "bye", 1)),
    ],
)
def test_line_changes_what_it_says(line: bytes, glow: Glow) -> None:
    assert LIT.after(line) == glow


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1]",
        b'{"duty": 65536, "us": 1}',
        b'{"duty": "7", "us": 1}',
        b'{"duty": 1}',
        b'{"link": "sideways"}',
        b"{}",
    ],
)
def test_line_that_is_no_event_is_a_log(line: bytes) -> None:
    assert LIT.after(line) == Glow(7, 8, "up", line.decode(), 1)


def test_line_that_is_no_text_is_still_a_log() -> None:
    assert LIT.after(b"\xff!\r\n").log == "\N{REPLACEMENT CHARACTER}!"
