"""Stand-in for the unix port: do not upload. The chip's `machine`: pins, PWM, reset, watchdog.

The button is the input pin with an interrupt handler; pressing it pulls the pin away from where its resistor holds it.
`reset` ends the process with the exit code `RESET`: the launcher starts it again, as a chip boots again.

It has what the firmware uses and no more: what is here takes room in the firmware's heap, where the chip has it in ROM.
"""
# ruff: noqa: A002, ARG002, D102 - the chip's own names and arguments, which its documentation explains

import os
import sys
import time

import channel
import ffi

RESET = 75
FINGER_MS = 40  # no finger is faster, also where this process stood still and hears several words at once


class Pin:
    """A pin. The words `button down` and `button up` move an input and call its handler."""

    IN = 1
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id: int, mode: int = -1, pull: int = -1) -> None:
        if not 0 <= id < 40 or id in b"\x14\x18\x1c\x1d\x1e\x1f":  # 20, 24, 28-31: the classic ESP32 has none
            raise ValueError("invalid pin")
        self.id = id
        self._value = self._idle = int(pull == self.PULL_UP)

    def value(self) -> int:
        return self._value

    def irq(self, handler: object, trigger: int) -> None:
        self._on_edge = handler
        self._trigger = trigger
        channel.on("button down", lambda: self._move(1 - self._idle), FINGER_MS)
        channel.on("button up", lambda: self._move(self._idle), FINGER_MS)

    def _move(self, value: int) -> None:
        if value != self._value:
            self._value = value
            if self._trigger & (self.IRQ_RISING if value else self.IRQ_FALLING):
                self._on_edge(self)


class PWM:
    """The light's output. Each change of its duty is told."""

    def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
        if pin.id > 33:
            raise ValueError("invalid pin")
        self._duty = None
        self.duty_u16(duty_u16)

    def duty_u16(self, duty: int) -> None:
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        if duty != self._duty:
            self._duty = duty
            channel.tell_duty(duty)


class WDT:
    """The watchdog: SIGALRM ends a process that does not feed it, and its launcher boots it again. In whole seconds."""

    _alarm = ffi.open(None).func("I", "alarm", "I")

    def __init__(self, timeout: int) -> None:
        self._seconds = timeout // 1000
        self.feed()

    def feed(self) -> None:
        self._alarm(self._seconds)


class RTC:
    """Its memory outlives a reset, the watchdog's too. It is a file, which the launcher removes as the power goes.

    `date`: how far it is ahead of this machine's, in seconds. `dated_tls` goes by it.
    """

    def datetime(self, now: tuple) -> None:
        RTC.date = time.mktime(now[:3] + now[4:7] + (0, 0)) - time.time()

    def memory(self, *content: bytes) -> "bytes | None":
        if not content:
            try:
                with open("RTC", "rb") as file:
                    return file.read()
            except OSError:
                return b""
        with open("RTC", "wb") as file:
            file.write(content[0])
        return None


def unique_id() -> bytes:
    """Six bytes of this light's own, made at its first boot and kept beside its flash."""
    try:
        with open("chip", "rb") as file:
            return file.read()
    except OSError:
        with open("chip", "wb") as file:
            file.write(os.urandom(6))
        return unique_id()


def reset() -> None:
    """Boot again."""
    sys.exit(RESET)
