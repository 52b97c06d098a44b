"""How a light looks in a terminal and in a log."""

import io

import pytest
from rich.console import Console

from presslight.simulated.light_output import LightOutput
from presslight.simulated.light_picture import LightLog, LightPicture, block_color, brightness, log_lines


def drawn(picture: LightPicture, *, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(picture)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("duty", "words"),
    [(0, "off"), (1, "on, PWM 0.00153 %"), (655, "on, PWM 0.999 %"), (32768, "on, PWM 50 %"), (65535, "on, PWM 100 %")],
)
def test_brightness_is_said_in_words(duty: int, words: str) -> None:
    assert brightness(duty) == words


def test_block_glows_with_the_duty_and_is_seen_when_dark() -> None:
    assert block_color(0) == "rgb(40,40,40)"
    assert block_color(65_535) == "rgb(255,214,150)"
    levels = [int(block_color(duty)[4:].split(",")[0]) for duty in (0, 10, 300, 9_000, 65_535)]
    assert levels == sorted(set(levels))


def test_log_says_what_changed_and_nothing_else() -> None:
    assert list(log_lines(LightOutput(), LightOutput(65_535, 5, "up", "hello", 1))) == [
        "on, PWM 100 %",
        "link up",
        "hello",
    ]
    assert list(log_lines(LightOutput(7, 5, "up", "a", 1), LightOutput(7, 9, "up", "a", 1))) == []
    assert list(log_lines(LightOutput(log="a", lines=1), LightOutput(log="a", lines=2))) == ["a"]


def test_log_says_once_why_each_try_fails() -> None:
    log, told = LightLog(), list[str]()
    causes = ["link lost: a", "link lost: a", "link lost: b", "link lost: b"]
    for lines, cause in enumerate(causes, start=1):
        told += log.lines(LightOutput(log=cause, lines=lines))
    assert told == ["link lost: a", "link lost: b"]
    assert list(log.lines(LightOutput(0, 1, "up", "link lost: b", 4))) == ["link up"]
    assert list(log.lines(LightOutput(0, 1, "down", "link lost: b", 5))) == ["link down", "link lost: b"]


def test_picture_says_all_in_words_too() -> None:
    picture = LightPicture("kitchen", "10.0.0.2:1883", LightOutput(65_535, 5, "up", "hello"), event="button pressed")
    text = drawn(picture)
    for words in ("kitchen", "on, PWM 100 %", "linked to 10.0.0.2:1883", "hello", "button pressed", "w: Wi-Fi away"):
        assert words in text


def test_picture_tells_a_missing_broker_from_missing_wifi() -> None:
    assert "no link to 10.0.0.2:1883" in drawn(LightPicture("kitchen", "10.0.0.2:1883"))
    away = drawn(LightPicture("kitchen", "10.0.0.2:1883", has_wifi=False))
    assert "Wi-Fi away" in away
    assert "w: Wi-Fi back" in away


def test_picture_fits_a_small_terminal() -> None:
    assert max(len(line) for line in drawn(LightPicture("kitchen", "10.0.0.2:1883"), width=40).splitlines()) <= 40
