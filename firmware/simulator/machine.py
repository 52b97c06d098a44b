"""Stand-in for the unix port: do not upload. The chip's `machine`: pins, PWM, reset.

The button is the input pin with an interrupt handler; pressing it pulls the pin away from where its resistor holds it.
`reset` ends the process with the exit code `RESET`: the launcher starts it again, as a chip boots again.
"""
# ruff: noqa: A002, ARG002, D102 - the chip's own names and arguments, which its documentation explains

import sys

import channel

RESET = 75
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


class Pin:
    """A pin. The words `button down` and `button up` move an input and call its handler."""

    IN = 1
    OUT = 3
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id: int, mode: int = -1, pull: int = -1, *, value: int = 0) -> None:
        self._idle = int(pull == self.PULL_UP)
        self._value = self._idle if mode == self.IN else value

    def value(self, value: "int | None" = None) -> "int | None":
        if value is None:
            return self._value
        self._value = int(bool(value))
        return None

    def irq(self, handler: object, trigger: int = IRQ_RISING | IRQ_FALLING) -> None:
        self._handler = handler
        self._trigger = trigger
        channel.on("button down", lambda: self._move(1 - self._idle))
        channel.on("button up", lambda: self._move(self._idle))

    def _move(self, value: int) -> None:
        if value != self._value:
            self._value = value
            if self._trigger & (self.IRQ_RISING if value else self.IRQ_FALLING):
                self._handler(self)


class PWM:
    """The light's output. Each change of its duty is told."""

    def __init__(self, pin: Pin, freq: int = 5000, *, duty_u16: int = 0) -> None:
        self._freq = freq
        self._duty = None
        self.duty_u16(duty_u16)

    def duty_u16(self, duty: "int | None" = None) -> "int | None":
        if duty is None:
            return self._duty
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        if duty != self._duty:
            self._duty = duty
            channel.tell_duty(duty)
        return None

    def freq(self, freq: "int | None" = None) -> "int | None":
        if freq is None:
            return self._freq
        self._freq = freq
        return None

    def deinit(self) -> None:
        self.duty_u16(0)


def unique_id() -> bytes:
    """The chip's six bytes, the same for all simulated lights: they are told apart by name."""
    return b"\x02press"


def reset_cause() -> int:
    """Why the chip booted: of a simulated one always that power came on."""
    return PWRON_RESET


def reset() -> None:
    """Boot again."""
    sys.exit(RESET)
