"""Lines that a board prints on its serial port."""

import asyncio
import fcntl
import os
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

RETRY_PAUSE_S = 0.2
"""The pause before a missing port is tried again: a chip's own USB port vanishes while the chip restarts."""
LONGEST_LINE = 1_024


async def read_until(port: str, on_line: Callable[[str], bool], limit_s: float) -> bool:
    """Call `on_line` with each line until it returns True; False after `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                if await _read_open_port(port, on_line):
                    return True
                await asyncio.sleep(RETRY_PAUSE_S)
    except TimeoutError:
        return False


async def _read_open_port(port: str, on_line: Callable[[str], bool]) -> bool:
    """The same, until the port vanishes."""
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
    except OSError:  # the port does not exist at present
        return False


@contextmanager
def _opened(port: str) -> Iterator[int]:
    """Open a port at 115,200 baud. Closing it leaves DTR and RTS as they are, so the chip is not reset."""
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
