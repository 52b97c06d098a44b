"""The first stage: the watchdog, the output as it was, and the button. All else is tried after that.

Whatever the rest does, it can be tried again: a start that fails ends in a reset, and the next one comes after a pause,
each longer than the one before. The light shines and its button works in the pause as well.
"""

import asyncio
import gc
import sys

import machine
import micropython

dog = machine.WDT(timeout=30_000)  # before anything of ours; a look-up may block the loop for long, TLS for some more
micropython.opt_level(3)  # no numbers of lines: 1.4 kB of heap, and a traceback still names file and function
gc.threshold(2_048)  # compiling leaves much garbage: collected often, the code lies close and large buffers find room

import lamp.settings  # noqa: E402 -- after the watchdog
from lamp import say  # noqa: E402 -- as above
from lamp.board import Board  # noqa: E402 -- as above
from lamp.flash import Flash  # noqa: E402 -- as above
from lamp.memory import Memory  # noqa: E402 -- as above

flash = Flash()
memory = Memory(flash)
# The blue LED of most ESP32 boards, and their BOOT button, where no other pins are set.
board = Board(lamp.settings.pin("lamp", 2), lamp.settings.pin("button", 0), memory, lamp.settings.pin("inverted", 0))


async def wait(seconds: int) -> None:
    """Wait, with nothing but the button at work."""
    if seconds:
        say(f"the last start failed: the next one comes in {seconds} s")
    for _ in range(seconds):
        dog.feed()
        await asyncio.sleep_ms(1_000)


def read() -> "lamp.settings.Settings":
    """Read the settings; the module has done its work then, and gives its 1.4 kB back."""
    found = lamp.settings.load()
    del lamp.settings, sys.modules["lamp.settings"]
    return found


asyncio.run(wait(memory.start()))
del wait  # 256 bytes on 64 bits
try:
    settings = read()
    del read
    import lamp.session  # with all below it the largest, so compiled first, while there is room
    from lamp.app import main

    gc.threshold(-1)  # from here on it collects at moments of its own choice
    main(settings, board, flash, dog)
except Exception as error:  # whatever it is: told, and tried anew
    sys.print_exception(error)
machine.reset()
