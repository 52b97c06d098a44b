"""Exceptions of tasks that nobody retrieved: asyncio only logs them, so a test would pass."""

import logging
import sys
import traceback
from collections.abc import Iterator

import pytest


class Collector(logging.Handler):
    """Keeps what asyncio logs of them."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it with its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        is_stdin = sys.version_info < (3, 11, 4) and isinstance(error, BrokenPipeError)  # of a process that has ended
        if "exception was never retrieved" in record.getMessage() and not is_stdin:
            self.lost.append(record.getMessage() + "\n" + "".join(traceback.format_exception(error)))


@pytest.fixture(autouse=True)
def lost_exceptions() -> Iterator[list[str]]:
    """Fail a test one of whose tasks failed unseen. Whoever expects that empties this."""
    collector = Collector()
    logger = logging.getLogger("asyncio")
    logger.addHandler(collector)
    yield collector.lost
    logger.removeHandler(collector)
    assert not collector.lost, "\n".join(collector.lost)
