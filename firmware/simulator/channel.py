"""Stand-in for the unix port: do not upload. The line between a simulated light and whoever started it.

Out: one JSON object per line on stdout. `tell_duty` writes what the PWM does; the firmware's prints go the same way.
In: one word per line on stdin; the other stand-ins say what each word does. EOF ends the process, so that a light never
outlives its launcher, however that one died.

Words are read by a task in the firmware's own event loop, and those of the button also after an import. That is like
an interrupt on the chip, whose work waits for `micropython.schedule`, so until a module is compiled; except that here
it waits as well while the firmware blocks (in a name look-up, say).
"""

import asyncio
import builtins
import select
import sys
import time

_acts = {}
_late = []


def on(word: str, act: object, rest_ms: int = 0) -> None:
    """Call `act` for each line that is `word`; the next line waits so long. A newer act replaces the older one."""
    _acts[word] = act, rest_ms


def tell_duty(duty: int) -> None:
    """Say that the output has changed: `duty` 0-65535, and when (`ticks_us`, here CLOCK_MONOTONIC)."""
    sys.stdout.write('{"duty": %d, "us": %d}\n' % (duty, time.ticks_us()))


async def _listen() -> None:
    while True:
        await asyncio.sleep_ms(hear(_late.pop() if _late else await words.readline()))


def hear(line: bytes) -> int:
    """Act on a line; gives how long the next one waits, in ms."""
    if not line:
        sys.exit()
    word = line.decode().strip()
    if word not in _acts:
        sys.stdout.write("the simulator has no word %r\n" % word)
        return 0
    act, rest_ms = _acts[word]
    act()
    return rest_ms


def _import(*content: object, act: object = builtins.__import__) -> object:
    if content[0] == "tls" and "dated_tls" not in sys.modules:
        act("dated_tls")  # which then is `tls`
    module = act(*content)
    if "button down" in _acts and not _late and asyncio.core.cur_task is None and _poller.poll(0):
        line = sys.stdin.buffer.readline()
        if line.startswith(b"button"):
            hear(line)
        else:
            _late.append(line)
    return module


class Flag(asyncio.Event):
    """A ThreadSafeFlag for acts, which are not interrupts. The unix port's own would be polled each ms."""

    async def wait(self) -> None:
        """Wait until it is set, and clear it."""
        await super().wait()
        self.clear()


asyncio.ThreadSafeFlag = Flag
words = asyncio.StreamReader(sys.stdin.buffer)  # before the next lines: asyncio imports its parts in a way of its own
_poller = select.poll()
_poller.register(sys.stdin, select.POLLIN)
builtins.__import__ = _import
on("quit", sys.exit)
asyncio.create_task(_listen())  # noqa: RUF006 -- MicroPython's loop holds its tasks itself
