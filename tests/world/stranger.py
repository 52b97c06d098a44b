"""Others that use a light's name: a program that publishes false reports, or a second lamp with its own flash."""

import json
from functools import partial

from lamp import record
from lamp.light import Light
from presslight.contract.words import MAX_SMALL
from tests.world.broker import Broker
from tests.world.event_queue import S
from tests.world.ground import Ground
from tests.world.lamp import FLASHED_S, Lamp
from tests.world.network import Way

EPOCHS_APART = 5_000
"""So that no version is one of both lamps."""


class Stranger:
    """A program that takes a light's name for a while. `to_it`, `from_it`, `linked`: as the broker sees a light."""

    def __init__(self, ground: Ground, broker: Broker, lamp: Lamp) -> None:
        self.name = lamp.name
        self.linked = True
        self.to_it = Way()
        self.from_it = Way()
        self._ground = ground
        self._broker = broker
        self._lamp = lamp

    def visit(self, *, as_boot: bool) -> None:
        """Take the name, tell a state of the highest version, as the boot of the light or one of its own, and go."""
        light = self._lamp.light
        if light is None or not self._broker.is_up:
            return
        self._ground.note("stranger", f"takes the name {self.name}{', as its boot' if as_boot else ''}")
        self._ground.judge.visited(self.name)
        self._broker.greet(self)
        self._broker.publish_report(self, self._report(light, as_boot=as_boot))

    def _report(self, light: Light, *, as_boot: bool) -> bytes:
        """As its boot it tells of the clock and of decisions what is true: who forges these can have any word said."""
        boot = light.gate.boot if as_boot else f"{self._ground.dice.getrandbits(32):08x}"
        up, decided = (self._lamp.up(), light.gate.decided) if as_boot else (5, 0)
        told = {"state": "ON", "brightness": 77, "boot": boot, "up": up, "version": [MAX_SMALL, MAX_SMALL]}
        return json.dumps(told | {"decided": decided}).encode()

    def lose_link(self) -> None:
        """The light has taken its name back."""
        self.linked = False

    def join_later(self) -> None:
        """It does not come again."""

    def hear(self, message: bytes, *, is_retained: bool, is_fresh: bool = True) -> None:
        """It obeys nobody."""

    def hear_denial(self) -> None:
        """It says nothing of itself."""


class Twin(Lamp):
    """A further lamp of the same name, the `number`th. `ahead`: whether its epochs are higher."""

    def __init__(self, ground: Ground, broker: Broker, lamp: Lamp, number: int, *, ahead: bool) -> None:
        super().__init__(ground, broker, lamp.name)
        self.device = f"twin {number}"
        epoch = FLASHED_S // 60 + number * EPOCHS_APART * (1 if ahead else -1)
        self._flashed = 0  # it was set up long before, if its count is lower
        self._flash = [b"", record.encode(1, epoch, (False, 99))]

    def visit(self, ns: int) -> None:
        """Live for so long."""
        self._ground.note("twin", f"of {self.name} lives for {ns // S} s")
        self._ground.judge.visited(self.name)
        self.power_on()
        self._ground.event_queue.after(ns, self.leave)

    def leave(self) -> None:
        """Lose its power; where nobody has taken the name back, its will is told."""
        self.cut_power()
        self._ground.event_queue.after(6 * S, partial(self._broker.deny, self.name, b"offline"))
