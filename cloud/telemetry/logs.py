"""Structured logs, an event and its fields, through the standard library: an embedding program decides what is shown.

`configure` shows them as JSON or for people, the broker's and every library's too. No token and no password is ever
passed to a log, and no variable of a program that failed. Whoever logs never waits for who reads it.
"""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

import structlog

from presslight.cloud.telemetry.log_writer import STDERR, LogWriter
from presslight.cloud.telemetry.tracebacks import ExcInfo, place_of, traceback_text, without_secrets
from presslight.contract.damping import Damping

Style = Literal["json", "console"]

OURS = "presslight"


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Make a logger: its fields travel as the record's `extra`, so any handler can show them."""
    made: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return made


def configure(style: Style = "console", level: int = logging.INFO) -> None:
    """Show all logs of this process on stderr. At DEBUG every word on every press is a line.

    Libraries log at INFO at most: at DEBUG some show every byte that they send, tokens and passwords among them.
    """
    handler = LogWriter(encoding=getattr(sys.stderr, "encoding", None) or "utf-8")
    handler.addFilter(LibraryDamping())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                _hide,
                _stamp,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style)],
        )
    )
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)


class LibraryDamping(logging.Filter):
    """Damps libraries' warnings: any stranger can cause some of them without end.

    Warnings are told apart by the line of code that logs and by the line that raised: one line of a library may log
    every exception below it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._damping = Damping()

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass our records, and of a library's the 1st, 10th, 100th …, with the number in `times`."""
        if record.name.startswith(OURS) or record.levelno < logging.WARNING:
            return True
        error = record.exc_info[1] if record.exc_info else None
        times = self._damping.count_up((record.pathname, record.lineno, error and place_of(error)))
        record.__dict__["times"] = times
        return times > 0


def _hide(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Hide secrets in the event: a library may put an exception's text there."""
    event["event"] = without_secrets(event["event"])
    return event


def _stamp(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Add the time at which the record was made, ISO 8601 in UTC: it is written later."""
    record: logging.LogRecord = event["_record"]
    event["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
    return event


def _renderers(style: Style) -> list[structlog.typing.Processor]:
    if style == "json":
        return [structlog.processors.ExceptionRenderer(traceback_text), structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=os.isatty(STDERR), exception_formatter=_show_traceback)]


def _show_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    stream.write("\n" + traceback_text(exc_info))
