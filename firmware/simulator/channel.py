"""Stand-in for the unix port: do not upload. The line between a simulated light and whoever started it.

Out: one JSON object per line on stdout. `tell_duty` writes what the PWM does; the firmware's prints go the same way.
In: one word per line on stdin; the other stand-ins say what each word does. EOF ends the process, so that a light never
outlives its launcher, however that one died.

Words are read by a task in the firmware's own event loop. That is like an interrupt on the chip, whose work waits for
`micropython.schedule`, except that here it waits as well while the firmware blocks (in a name look-up, say).
"""

import asyncio
import sys
import time

_acts = {}


def on(word: str, act: object, rest_ms: int = 0) -> None:
    """Call `act` for each line that is `word`; the next line waits so long. A newer act replaces the older one."""
    _acts[word] = act, rest_ms


def tell_duty(duty: int) -> None:
    """Say that the output has changed: `duty` 0-65535, and when (`ticks_us`, here CLOCK_MONOTONIC)."""
    sys.stdout.write('{"duty": %d, "us": %d}\n' % (duty, time.ticks_us()))


async def _listen() -> None:
    words = asyncio.StreamReader(sys.stdin.buffer)
    while True:
        line = await words.readline()
        if not line:
            sys.exit()
        word = line.decode().strip()
        if word in _acts:
            act, rest_ms = _acts[word]
            act()
            await asyncio.sleep_ms(rest_ms)
        else:
            sys.stdout.write("the simulator has no word %r\n" % word)


class Flag(asyncio.Event):
    """A ThreadSafeFlag for acts, which are not interrupts. The unix port's own would be polled each ms."""

    async def wait(self) -> None:
        """Wait until it is set, and clear it."""
        await super().wait()
        self.clear()


asyncio.ThreadSafeFlag = Flag
on("quit", sys.exit)
asyncio.create_task(_listen())  # noqa: RUF006 -- MicroPython's loop holds its tasks itself
