"""Logs, structured: JSON for machines, colours for a terminal. No token and no password is ever passed to them."""

import logging
from typing import Literal

import structlog

Style = Literal["json", "console"]


def configure(style: Style = "console", level: int = logging.INFO) -> None:
    """Set up all logs of this process. `level`: as in `logging`; a press's usual words are DEBUG."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if style == "json" else structlog.dev.set_exc_info,
            renderer,
        ],
        cache_logger_on_first_use=True,
    )
