"""Stand-in for the unix port: do not upload. The pin that the chip reads as power comes.

`strapping 0`: where the button is held on GPIO 0 then, the chip waits for a programmer and runs nothing, until its
power goes. It is read at power-on and after a brown-out, and not at a reset of the firmware's own or of its watchdog
(Espressif's data sheet, "Strapping Pins"). A button that is held while the firmware boots is down from the start.
"""

# ruff: noqa: A002 - the chip's own names and arguments, which its documentation explains

import asyncio
import os

import machine


class Pin(machine.Pin):
    """A pin that a finger may hold already."""

    def __init__(self, id: int, *setup: int) -> None:
        super().__init__(id, *setup)
        if setup[:1] == (self.IN,):
            self._value = 1 - self._idle


def ask(pin: str) -> None:
    """Wait for a programmer, where this pin is held."""
    if not os.getenv("HELD"):
        return
    if os.getenv("HELD") == pin and os.getenv("POWERED"):
        print("waiting for download")  # noqa: T201 -- as the chip's own boot loader says it
        asyncio.run(asyncio.Event().wait())
    machine.Pin = Pin
