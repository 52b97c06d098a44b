import asyncio
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from presslight.cloud.telemetry.logs import Style, configure, logger

SECRET = "planted"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for made in set(root.handlers) - set(handlers):
        made.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("presslight").setLevel(logging.NOTSET)


def written(capfd: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr once the log's thread has written it."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    return capfd.readouterr().err


def test_json_line_carries_event_and_fields(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", logging.DEBUG)
    logger("presslight.bridge").info("press", key="0123456789abcdef-1", status="applied")
    logging.getLogger("elsewhere").warning("plain %s", "text")
    ours, theirs = map(json.loads, written(capfd).splitlines())
    assert (ours["event"], ours["key"], ours["status"]) == ("press", "0123456789abcdef-1", "applied")
    assert (ours["level"], ours["logger"]) == ("info", "presslight.bridge")
    assert (theirs["event"], theirs["level"]) == ("plain text", "warning")


def test_mistake_is_shown_with_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")
    try:
        sys.exit("ouch")
    except SystemExit as error:
        logger("presslight.bridge").error("defect", exc_info=error)
    assert "ouch" in json.loads(written(capfd))["exception"]


def test_console_shows_fields_and_level_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    configure("console", logging.INFO)
    logger("presslight.bridge").debug("hidden")
    logger("presslight.bridge").info("press", key="0123456789abcdef-1")
    (line,) = written(capfd).splitlines()
    assert "press" in line
    assert "key=0123456789abcdef-1" in line


def test_nothing_is_shown_unasked(capfd: pytest.CaptureFixture[str]) -> None:
    logger("presslight.quiet").info("press", key="x")
    assert capfd.readouterr() == ("", "")


def test_libraries_say_nothing_of_what_they_send(capfd: pytest.CaptureFixture[str]) -> None:
    configure("console", logging.DEBUG)
    logging.getLogger("websockets.client").debug("> TEXT %s", SECRET)
    logger("presslight.bridge").debug("ours")
    assert [line.split()[-2:-1] for line in written(capfd).splitlines()] == [["ours"]]


@pytest.mark.parametrize("style", ["json", "console"])
def test_variables_of_what_failed_are_not_shown(style: Style, capfd: pytest.CaptureFixture[str]) -> None:
    configure(style)

    def fail(token: str) -> None:
        assert token
        raise RuntimeError

    try:
        fail(SECRET)
    except RuntimeError as error:
        logger("presslight.bridge").error("defect", exc_info=error)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    told = written(capfd)
    assert told.count("in fail") == 2
    assert SECRET not in told


def test_what_a_library_warns_of_without_end_is_told_the_1st_the_10th_the_100th_time(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure("json")
    for number in range(150):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received from %d", number)
        logger("presslight.bridge").warning("ours", number=number)
    lines = [json.loads(line) for line in written(capfd).splitlines()]
    assert [line["times"] for line in lines if line["logger"] == "uvicorn.error"] == [1, 10, 100]
    assert len([line for line in lines if line["logger"] == "presslight.bridge"]) == 150


def test_each_defect_that_a_library_tells_of_in_the_same_line_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")

    def fail(error: Exception) -> None:
        try:
            raise error
        except ValueError:
            raise RuntimeError from error

    for error in (ValueError(), KeyError(), ValueError()):
        try:
            fail(error)
        except (KeyError, RuntimeError):
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    told = [json.loads(line)["exception"].splitlines()[-1] for line in written(capfd).splitlines()]
    assert told == ["RuntimeError", "KeyError"]


def test_secret_that_a_library_names_is_not_shown(
    capfd: pytest.CaptureFixture[str], lost_exceptions: list[str]
) -> None:
    configure("json")
    secret = "kT9vQ2mZr7XcB4nL8pWd3sFy6HgJ1aEu"
    loop = asyncio.new_event_loop()
    failed = loop.create_future()
    failed.set_exception(RuntimeError(secret))
    del failed
    loop.close()
    told = written(capfd)
    assert "Future exception was never retrieved" in told
    assert secret not in told
    assert len(lost_exceptions) == 1
    lost_exceptions.clear()


def test_line_says_when_it_was_made_and_not_when_it_was_written(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")
    record = logging.LogRecord("presslight.bridge", logging.WARNING, __file__, 1, "late", (), None)
    record.created = 0.5
    logging.getLogger().handle(record)
    assert json.loads(written(capfd))["timestamp"] == "1970-01-01T00:00:00.500000Z"
