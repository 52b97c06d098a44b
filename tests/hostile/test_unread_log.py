"""A stderr that nobody reads (a pipe to a program that stands still) stops nothing."""

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forked
from tests.cloud.raw_phone import WAIT_S


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The writing end of a pipe into which nothing more fits."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for piece in (65_536, 1):
        try:
            while True:
                os.write(writer, b"x" * piece)
        except BlockingIOError:
            pass
    os.set_blocking(writer, True)
    yield writer
    os.close(writer)
    os.close(reader)


async def test_bridge_serves_and_ends_though_nobody_reads_its_log(full_pipe: int, tmp_path: Path) -> None:
    words = ("up", "--lights", "0", "--port", "0", "--log-level", "debug")
    own = os.environ | {"TMPDIR": str(tmp_path)}
    up = await forked.start(*words, stdout=asyncio.subprocess.PIPE, stderr=full_pipe, env=own)
    try:
        async with asyncio.timeout(WAIT_S):
            assert up.stdout
            printed = (await up.stdout.readuntil(b"Ctrl-C ends it.")).decode()
            port = re.search(r"http://127\.0\.0\.1:(\d+)/", printed)
            assert port
            for line in 300 * [b"no HTTP\r\n\r\n"] + [b"GET /healthz HTTP/1.0\r\n\r\n"]:
                reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
                writer.write(line)
                answer = await reader.read()
                writer.close()
            assert answer.startswith(b"HTTP/1.1 200")
            up.send_signal(signal.SIGINT)
            assert await up.wait() == 0
    finally:
        up.kill()
        await up.wait()
