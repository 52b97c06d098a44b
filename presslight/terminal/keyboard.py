"""The keyboard of a terminal, key by key, without Enter and echo; the terminal's mode is restored at the end."""

import asyncio
import os
import sys
import termios
import tty
from types import TracebackType
from typing import Self

END = ""
"""The key that `read_key` returns once the terminal is closed."""


class Keyboard:
    """`with Keyboard() as keyboard: key = await keyboard.read_key()`. Ctrl-C stays a signal; Ctrl-Z does nothing."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._terminal = sys.stdin.fileno()

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._terminal)
        tty.setcbreak(self._terminal)
        mode = termios.tcgetattr(self._terminal)
        mode[6][termios.VSUSP] = b"\0"  # stopped, it would leave the shell a strange terminal
        termios.tcsetattr(self._terminal, termios.TCSADRAIN, mode)
        asyncio.get_running_loop().add_reader(self._terminal, self._read)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._terminal)
        termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._before)

    async def read_key(self) -> str:
        """The next key."""
        return await self._keys.get()

    def press(self, key: str) -> None:
        """Insert a key as if it was pressed."""
        self._keys.put_nowait(key)

    def _read(self) -> None:
        for key in self._typed() or (END,):
            self.press(key)

    def _typed(self) -> str:
        try:
            typed = os.read(self._terminal, 64)
        except OSError:  # the window was closed
            typed = b""
        if not typed:
            asyncio.get_running_loop().remove_reader(self._terminal)
        return typed.decode(errors="ignore")
