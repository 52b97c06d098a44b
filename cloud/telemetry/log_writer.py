"""A log handler that never blocks its caller: a thread writes the lines; beyond MOST_WAITING they are dropped."""

import logging
import os
import queue
import select
import threading
from contextlib import suppress

MOST_WAITING = 4_096
"""Records that wait for the thread; further ones are dropped and counted."""

FLUSH_S = 1.0
"""Seconds that `flush` and `close` wait for the log's reader, at each of their two steps."""

STDERR = 2


class LogWriter(logging.Handler):
    """Format and write records to a file descriptor, in a daemon thread; used until `close`.

    It writes past Python's buffers: their locks would be held by a write that never returns.
    """

    def __init__(self, descriptor: int = STDERR, encoding: str = "utf-8") -> None:
        super().__init__()
        self.dropped = 0
        self._descriptor = descriptor
        self._encoding = encoding
        self._given_up = False
        self._waiting: queue.Queue[logging.LogRecord | threading.Event | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._write_all, name="log writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record, or drop and count it where the queue is full."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait until all queued records are written, 2 × FLUSH_S at most."""
        done = threading.Event()
        with suppress(queue.Full):
            self._waiting.put(done, timeout=FLUSH_S)
            done.wait(FLUSH_S)

    def close(self) -> None:
        """Write queued records for 2 × FLUSH_S at most, and end the thread after the line that it writes."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=FLUSH_S)
            self._thread.join(FLUSH_S)
        self._given_up = True
        super().close()

    def _write_all(self) -> None:
        told = 0
        while not self._given_up and (waiting := self._waiting.get()) is not None:
            if isinstance(waiting, threading.Event):
                waiting.set()
                continue
            self._write(self._line(waiting))
            if lost := self.dropped - told:
                told += lost
                self._write(f"{lost} lines of this log were dropped: nobody read it")

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception as error:  # a line that cannot be shown must not end the log
            return f"a line of {record.name} cannot be shown: {type(error).__name__}"

    def _write(self, line: str) -> None:
        left = memoryview(f"{line}\n".encode(self._encoding, "backslashreplace"))
        with suppress(OSError):  # closed, or a disk is full: the log goes on with the next line
            while left:
                left = left[self._write_some(left) :]

    def _write_some(self, text: memoryview) -> int:
        try:
            return os.write(self._descriptor, text)
        except BlockingIOError:  # who shares it with us has set it not to wait
            select.select([], [self._descriptor], [])
            return 0
