"""What a line from a simulated light does to what can be seen of it."""

import pytest

from presslight.simulated.light_output import LightOutput

LIT = LightOutput(duty=7, us=8, link="up", log="hello")


@pytest.mark.parametrize(
    ("line", "output"),
    [
        (b'{"duty": 65535, "us": 99}\n', LightOutput(65_535, 99, "up", "hello")),
        (b'{"link": "down"}\n', LightOutput(7, 8, "down", "hello")),
        (b'{"log": "bye"}\n', LightOutput(7, 8, "up", "bye", 1)),
        (b"bye\n", LightOutput(7, 8, "up", "bye", 1)),
    ],
)
def test_line_changes_what_it_says(line: bytes, output: LightOutput) -> None:
    assert LIT.after(line) == output


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
    assert LIT.after(line) == LightOutput(7, 8, "up", line.decode(), 1)


def test_line_that_is_no_text_is_still_a_log() -> None:
    assert LIT.after(b"\xff!\r\n").log == "\N{REPLACEMENT CHARACTER}!"
