"""What a board answers, and what is no answer of MicroPython's."""

import json
from typing import Any

import pytest

from presslight.flashing.board import Board, read_board
from presslight.flashing.tool import ToolFailed

ABOUT = {
    "platform": "esp32",
    "version": [1, 25, 0],
    "machine": "Generic ESP32 module with ESP32",
    "number": "240ac4a1b2c3",
    "pins": [0, 2, 4],
}


def test_answer_is_found_below_what_else_is_printed() -> None:
    found = read_board(f"rst:0x1 (POWERON_RESET)\n{{not this\n{json.dumps(ABOUT)}\r\n>")
    assert found == Board("esp32", (1, 25, 0), "Generic ESP32 module with ESP32", "240ac4a1b2c3", (0, 2, 4))
    assert found.unusable() is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": [float("inf"), 25]},
        {"version": [float("nan"), 25]},
        {"version": [1]},
        {"version": []},
        {"version": "1.25.0"},
        {"version": None},
        {"pins": [float("inf")]},
        {"pins": 4},
        {"pins": [[]]},
    ],
    ids=str,
)
def test_answer_with_a_field_that_no_board_has_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(ToolFailed, match="not as MicroPython does"):
        read_board(json.dumps(ABOUT | change))


@pytest.mark.parametrize(
    "printed", ["", "nothing", "{", "{}", '{"platform": ' + "[" * 20_000, '{"version": 9' + "9" * 9_000]
)
def test_text_that_is_no_answer_is_told(printed: str) -> None:
    with pytest.raises(ToolFailed, match="not as MicroPython does"):
        read_board(printed)
