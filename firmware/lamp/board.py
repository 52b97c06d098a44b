"""The board: the PWM that drives the lamp, and the button."""

import asyncio

from machine import PWM, Pin


class Board:
    """The pins. The button closes to ground."""

    def __init__(self, lamp_pin: int, button_pin: int, duty: int) -> None:
        # 4 kHz: 14 bits of duty on the ESP32, and far above what an eye or a camera sees flicker
        self._pwm = PWM(Pin(lamp_pin), freq=4_000, duty_u16=duty)
        self._button = Pin(button_pin, Pin.IN, Pin.PULL_UP)
        self._edge = asyncio.ThreadSafeFlag()
        self._button.irq(self._on_edge, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def shine(self, duty: int) -> None:
        """Set the output, 0-65535."""
        self._pwm.duty_u16(duty)

    def is_button_down(self) -> bool:
        """Whether the contact is closed now."""
        return self._button.value() == 0

    async def edge(self) -> None:
        """Wait until the button's contact has opened or closed since the last call."""
        await self._edge.wait()

    def _on_edge(self, _pin: Pin) -> None:
        self._edge.set()
