"""A log that nobody reads stops nobody."""

import logging
import os
import threading
from collections.abc import Iterator

import pytest

from presslight.cloud.telemetry import log_writer
from presslight.cloud.telemetry.log_writer import MOST_WAITING, LogWriter

PIPE_BYTES = 65_536
WAIT_S = 10


class Pipe:
    """A pipe as stderr may be one."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def fill(self) -> None:
        os.set_blocking(self.writer, False)
        try:
            while True:
                os.write(self.writer, b"x" * PIPE_BYTES)
        except BlockingIOError:
            os.set_blocking(self.writer, True)

    def read_until(self, text: bytes) -> bytes:
        read = b""
        while text not in read:
            read += os.read(self.reader, PIPE_BYTES)
        return read


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.writer)
    os.close(made.reader)


def record(message: object, *args: object) -> logging.LogRecord:
    return logging.LogRecord("presslight.bridge", logging.WARNING, __file__, 1, message, args, None)


def test_lines_come_out_in_their_order(pipe: Pipe) -> None:
    writer = LogWriter(pipe.writer)
    for number in range(100):
        writer.handle(record("line %d", number))
    writer.close()
    assert pipe.read_until(b"line 99\n").decode().splitlines() == [f"line {number}" for number in range(100)]


def test_pipe_that_is_set_not_to_wait_loses_no_line(pipe: Pipe) -> None:
    os.set_blocking(pipe.writer, False)
    writer = LogWriter(pipe.writer)
    wanted = [f"line {number} {'x' * 100}" for number in range(2_000)]
    for line in wanted:
        writer.handle(record(line))
    writer.handle(record("the end"))
    assert pipe.read_until(b"the end\n").decode().splitlines() == [*wanted, "the end"]
    writer.close()


def test_whoever_logs_does_not_wait_and_what_was_dropped_is_told(pipe: Pipe) -> None:
    pipe.fill()
    writer = LogWriter(pipe.writer)
    for number in range(2 * MOST_WAITING):
        writer.handle(record("line %d", number))
    dropped = writer.dropped
    assert MOST_WAITING - 1 <= dropped <= MOST_WAITING
    told = pipe.read_until(b"were dropped: nobody read it\n").decode()
    assert f"{dropped} lines of this log were dropped" in told
    writer.close()


def test_process_ends_though_nobody_reads(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "FLUSH_S", 0.05)
    pipe.fill()
    writer = LogWriter(pipe.writer)
    for number in range(2 * MOST_WAITING):
        writer.handle(record("line %d", number))
    writer.flush()
    writer.close()
    pipe.read_until(b"line 0\n")
    for thread in [one for one in threading.enumerate() if one.name == "log writer"]:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "it would write into whatever has this descriptor next"


def test_line_that_cannot_be_shown_is_told_and_the_next_is_shown(pipe: Pipe) -> None:
    writer = LogWriter(pipe.writer, encoding="ascii")
    writer.handle(record("%d of them", "none"))
    writer.handle(record("\ud800 and \N{HOUSE BUILDING}"))
    writer.close()
    lines = pipe.read_until(b"1f3e0\n").decode().splitlines()
    assert lines == ["a line of presslight.bridge cannot be shown: TypeError", r"\ud800 and \U0001f3e0"]


def test_log_that_was_closed_by_its_reader_stops_nobody() -> None:
    reader, end = os.pipe()
    os.close(reader)
    writer = LogWriter(end)
    writer.handle(record("unheard"))
    writer.close()
    os.close(end)
