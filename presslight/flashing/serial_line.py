"""What a board prints on its serial line, line by line."""

import asyncio
import fcntl
import os
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

RETRY_PAUSE_S = 0.2
"""Before a port that is away is tried again: one that is the chip's own USB vanishes while the chip starts."""
LONGEST_LINE = 1_024


async def read_until(port: str, on_line: Callable[[str], bool], limit_s: float) -> bool:
    """Give each line to `on_line` until that answers True; answers whether it has within `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                if await _read_open_port(port, on_line):
                    return True
                await asyncio.sleep(RETRY_PAUSE_S)
    except TimeoutError:
        return False


async def _read_open_port(port: str, on_line: Callable[[str], bool]) -> bool:
    """The same until the port goes away."""
    begun = b""
    try:
        with _opened(port) as line:
            while True:
                await _readable(line)
                read = os.read(line, LONGEST_LINE)
                if not read:
                    return False
                *ended, begun = (begun + read).split(b"\n")
                begun = begun[-LONGEST_LINE:]
                if any(on_line(text.decode(errors="replace").strip()) for text in ended):
                    return True
    except OSError:  # it is not there yet, or no more
        return False


@contextmanager
def _opened(port: str) -> Iterator[int]:
    """Open a port at MicroPython's speed. Its lines DTR and RTS stay as they are when it is closed: no reset."""
    line = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tty.setraw(line, termios.TCSANOW)
        modes = termios.tcgetattr(line)
        modes[2] = modes[2] & ~termios.HUPCL | termios.CLOCAL
        modes[4] = modes[5] = termios.B115200
        termios.tcsetattr(line, termios.TCSANOW, modes)
        yield line
    except termios.error as error:
        raise OSError(*error.args) from error
    finally:
        os.close(line)


async def _readable(line: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(line, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(line)
