"""Stand-in for the unix port: do not upload. Power that fails in the middle of a boot.

`brownout 3 12`: it fails before the twelfth step of a boot, three boots in a row, and then stays. A step is a module
that is imported, a change of the flash, a write to RTC memory or a change of the output. `brownout 3 40ms`: after so
many ms of this machine's. What the RTC held is lost with it, and nothing in the firmware hears of it.
"""

import builtins
import os
import struct
import sys

import channel
import ffi
import machine

from chip import flash

POWER_FAILED = 12
"""SIGUSR2: it ends the process at once, and the launcher knows it by that."""

_libc = ffi.open(None)
_left = [0]


def step() -> None:
    """Take a step, or be dead before it."""
    _left[0] -= 1
    if _left[0] == 0:
        _libc.func("i", "raise", "i")(POWER_FAILED)


def ask(boots: str, when: str) -> None:
    """Fail in the first boots since power came."""
    if int(os.getenv("BOOTS")) >= int(boots):
        return
    if when.endswith("ms"):
        _end_in(int(when[:-2]))
    else:
        _left[0] = int(when)


def _end_in(ms: int) -> None:
    """Have the kernel end this process, whatever it does then."""
    timer = bytearray(8)
    event = struct.pack("Pii", 0, POWER_FAILED, 0) + bytes(48)  # SIGEV_SIGNAL
    _libc.func("i", "timer_create", "ipp")(1, event, timer)  # CLOCK_MONOTONIC
    once = struct.pack("llll", 0, 0, ms // 1000, ms % 1000 * 1_000_000)
    _libc.func("i", "timer_settime", "Pipp")(struct.unpack("P", timer)[0], 0, once, None)


def _stepping(act: object) -> object:
    def acting(*words: object) -> object:
        step()
        return act(*words)

    return acting


def _import(name: str, *rest: object, act: object = builtins.__import__) -> object:
    if name not in sys.modules:
        step()
    return act(name, *rest)


flash.before.append(step)
builtins.__import__ = _import
machine.RTC.memory = _stepping(machine.RTC.memory)
channel.tell_duty = _stepping(channel.tell_duty)
