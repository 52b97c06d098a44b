"""Detection of a closed terminal."""

import os
import select
import threading
from collections.abc import Callable

STDIN = 0


def call_when_closed(tell: Callable[[], object]) -> None:
    """Call `tell`, in a thread, once the terminal is closed in whose foreground this program runs.

    SIGHUP reaches only a shell's own children: make, as the first program of a terminal, waits for its children.
    """
    if _is_in_foreground():
        threading.Thread(target=_wait, args=(tell,), name="terminal", daemon=True).start()


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(STDIN) == os.getpgrp()
    except OSError:  # it is no terminal, or not ours
        return False


def _wait(tell: Callable[[], object]) -> None:
    closed = select.poll()
    closed.register(STDIN, 0)  # a closed one is told of, and what is typed is not
    closed.poll()
    tell()
