"""Logs, structured: an event and its fields, through the standard library, so whoever runs us decides what is shown.

`configure` shows them as JSON or for people, the broker's and every library's too. No token and no password is ever
passed to a log.
"""

import logging
import sys
from typing import Literal

import structlog

Style = Literal["json", "console"]


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
    """Show all logs of this process on stderr. At DEBUG every word on every press is a line."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style)],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _renderers(style: Style) -> list[structlog.typing.Processor]:
    if style == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
