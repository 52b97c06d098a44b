"""The board: the PWM that drives the lamp, and the button."""

import asyncio

from machine import PWM, Pin

from lamp import say
from lamp.clock import now_ms, ticks_diff
from lamp.memory import Memory
from lamp.output import duty, toggled

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.output import Output


class Board:
    """The pins. The button closes to ground, and switches the light by itself until `connect`.

    `memory`: how the light is until then. `error`: why a pin cannot be used, or None; the other one works all the same.
    `inverted`: the lamp shines while its pin is low. (The chip's own `invert` is newer than the MicroPython needed.)
    """

    def __init__(self, lamp: int, button: int, memory: Memory, inverted: int) -> None:
        self.error: Exception | None = None
        self.memory = memory
        self._pwm: PWM | None = None
        self.inverted = 0xFFFF if inverted else 0  # what is flipped of a duty
        self.edge: asyncio.ThreadSafeFlag = None  # type: ignore[assignment]  # there is one from `connect` on
        self._state = True  # held down at boot is no press
        self._since = 0
        for act, pin in ((self._light, lamp), (self._listen, button)):
            try:
                act(pin)
            except Exception as error:  # whatever a port raises
                say(f"cannot use pin {pin}: {error}")
                self.error = error

    def shine(self, output: "Output") -> None:
        """Show an output."""
        if self._pwm:
            self._pwm.duty_u16(duty(*output) ^ self.inverted)

    def is_button_down(self) -> bool:
        """Tell whether the contact is closed now."""
        return self._button.value() == 0

    def connect(self) -> None:
        """Connect the button to whoever waits for `edge` from now on: it is set where the contact opens or closes."""
        self.edge = asyncio.ThreadSafeFlag()

    def _light(self, pin: int) -> None:
        # 4 kHz: 14 bits of duty on the ESP32, and far above what an eye or a camera sees flicker
        self._pwm = PWM(Pin(pin), freq=4_000, duty_u16=duty(*self.memory.output) ^ self.inverted)

    def _listen(self, pin: int) -> None:
        self._button = Pin(pin, Pin.IN, Pin.PULL_UP)
        self._state = self.is_button_down()
        self._since = now_ms() - 31  # it may be pressed at once
        self._button.irq(self._on_edge, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def _on_edge(self, _event: Pin) -> None:
        """Run between two steps of whatever else runs, so maybe late and for a contact that is open again."""
        if self.edge:
            self.edge.set()
            return
        now = now_ms()
        if not self._state and ticks_diff(now, self._since) > 30:  # else it bounces
            output = toggled(self.memory.output)
            self.shine(output)
            self.memory.keep(output)
        self._state, self._since = self.is_button_down(), now
