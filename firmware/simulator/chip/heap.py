"""Stand-in for the unix port: do not upload. A heap that begins with one area, and grows by another.

`heap 56`: the firmware has so many KiB, as on a classic ESP32 (MICROPY_GC_INITIAL_HEAP_SIZE of
ports/esp32/mpconfigport.h), less what MicroPython and asyncio take of them there. When that is used up, all is added
that MicroPython was started with, once, and told: `the heap grows`. The chip doubles its heap when an allocation fails
after a collection, with what TLS and Wi-Fi would need (py/gc.c, gc_try_add_heap; ports/esp32/gccollect.c,
gc_get_max_new_split).

The unix port's heap is of one area and does not grow. So here blocks fill it up to the first area's size, and are given
away when an import finds no room; when 6 KiB in one piece are not free at a note in RTC memory; or, once the light is
made, when 128 bytes are not, within 100 ms. So it may grow some KiB sooner than a chip's. What finds no room between
two such looks is a MemoryError here and none on the chip. mbedTLS takes its memory from the heap here, and beside it on
the chip. On 64 bits all figures are 1.48 times the chip's.
"""

import asyncio
import builtins
import gc
import socket  # noqa: F401 -- as above
import sys

import machine
import network  # noqa: F401 -- what stands in for the chip's own modules is no part of the first area

_PERCENT = 148 if sys.maxsize > 1 << 32 else 100
_OWN = 2_900
"""Bytes that MicroPython and asyncio take of the first area before anything runs: docs/memory.md."""

_rest = [None]
"""The second area: a block and the next one, until there is none."""

_gap = [6_144]
"""Bytes that must be free in one piece: for a light to be made, and then for a word or two."""


def grow() -> None:
    """Add the second area. Raises MemoryError where that has been done."""
    if not _rest[0]:
        raise MemoryError
    print("the heap grows")  # noqa: T201 -- for whoever started this light
    while _rest[0]:
        block = _rest[0]
        _rest[0], block[1] = block[1], None  # apart, as what still lies on the stack would keep all of them
    del block
    gc.collect()


def look() -> None:
    """Grow, where there is almost no room."""
    if _rest[0]:
        try:
            bytearray(_gap[0] * _PERCENT // 100)
        except MemoryError:
            grow()


async def _watch() -> None:
    while _rest[0]:
        await asyncio.sleep_ms(100)
        if "lamp.app" in sys.modules:
            _gap[0] = 128
        look()


def _import(*content: object, act: object = builtins.__import__) -> object:
    try:
        return act(*content)
    except MemoryError:
        grow()
        return act(*content)


def _memory(rtc: machine.RTC, *content: bytes, act: object = machine.RTC.memory) -> "bytes | None":
    look()
    return act(rtc, *content)


def ask(kib: str) -> None:
    """Begin with so many KiB, once all that is no part of the firmware is there."""
    gc.collect()
    room = bytearray((int(kib) * 1_024 - _OWN) * _PERCENT // 100)
    size = 4_096
    while size >= 16:  # what is left, the holes between the stand-ins too: a chip's first area has none
        try:
            _rest[0] = [bytearray(size), _rest[0]]
        except MemoryError:
            size //= 2
    del room
    gc.collect()
    builtins.__import__ = _import
    machine.RTC.memory = _memory
    asyncio.create_task(_watch())  # noqa: RUF006 -- MicroPython's loop holds its tasks itself
