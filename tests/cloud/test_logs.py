import json
import logging
import sys
from collections.abc import Iterator

import pytest

from cloud.logs import configure, logger


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_line_carries_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", logging.DEBUG)
    logger("presslight.bridge").info("press", key="0123456789abcdef-1", word="applied")
    logging.getLogger("elsewhere").warning("plain %s", "text")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["key"], ours["word"]) == ("press", "0123456789abcdef-1", "applied")
    assert (ours["level"], ours["logger"]) == ("info", "presslight.bridge")
    assert (theirs["event"], theirs["level"]) == ("plain text", "warning")


def test_mistake_is_shown_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    try:
        sys.exit("ouch")
    except SystemExit as error:
        logger("presslight.bridge").error("mistake", exc_info=error)
    assert "ouch" in json.loads(capsys.readouterr().err)["exception"]


def test_console_shows_fields_and_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console", logging.INFO)
    logger("presslight.bridge").debug("hidden")
    logger("presslight.bridge").info("press", key="0123456789abcdef-1")
    (line,) = capsys.readouterr().err.splitlines()
    assert "press" in line
    assert "key=0123456789abcdef-1" in line


def test_nothing_is_shown_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    logger("presslight.quiet").info("press", key="x")
    assert capsys.readouterr() == ("", "")
