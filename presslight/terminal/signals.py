"""The end of a long-running verb by a signal."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import uvloop

from presslight.terminal import terminal
from presslight.terminal.console import errors_on_one_line

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a verb."""


def run_until_signal(verb: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a verb until it ends, or until SIGINT, SIGTERM or SIGHUP; either way it cleans up, once, and this returns.

    Signals after the first change nothing: make passes one on that the terminal has sent to all already. A closed
    terminal is as SIGHUP; under nohup neither counts.
    """
    with errors_on_one_line():
        uvloop.run(_until_signal(verb))


async def _until_signal(verb: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.create_task(verb(), name="verb")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in SIGNALS:
        if number != signal.SIGHUP or not outlives_terminal:
            loop.add_signal_handler(number, stopped.set)
    if not outlives_terminal:
        terminal.call_when_closed(partial(loop.call_soon_threadsafe, stopped.set))
    stop = asyncio.create_task(stopped.wait(), name="wait for a signal")
    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    task.cancel()
    await asyncio.wait([task, stop])
    if not task.cancelled():
        task.result()
