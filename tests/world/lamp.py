"""A light in the world: the firmware's own modules, with a power plug, a flash that tears, and hands near it."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from lamp import light as rules
from lamp import record, report
from lamp.clock import PERIOD, Clock
from lamp.command import Command
from lamp.light import Light
from presslight.contract.light import LightState
from tests.world import event_queue
from tests.world.broker import Broker
from tests.world.event_queue import MS, S
from tests.world.ground import Ground
from tests.world.network import Way
from tests.world.suspension import Suspension

HEARTBEAT = 10 * S
SAVE_AFTER = 1 * S
SLOWEST_JOIN = 2 * S
FLASHED_S = 60 * 29_000_000

Note: TypeAlias = tuple[int, int, tuple[bool, int], int, bytes]


class PowerCut(Exception):
    """The power went in the middle of a write."""


class _Page:
    """What a report is written on."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def text(self, text: str) -> None:
        self.parts.append(text)


@lru_cache(maxsize=4_096)
def _read(message: bytes) -> tuple[int, Command]:
    command = Command()
    return command.read(memoryview(message), 0, len(message)), command


class Lamp:
    """One light: on until `cut_power` or `reset`, and again after `power_on`. `light` is None in between.

    `tear`: with how many of its bytes the next write to the flash stops, and the power with it. `suspension`: while its
    loop is blocked. `device`: what tells it from another one of its name.
    """

    def __init__(self, ground: Ground, broker: Broker, name: str) -> None:
        self.name = name
        self.device = ""
        self.light: Light | None = None
        self.linked = False
        self.tear: int | None = None
        self.tears = 0
        self.suspension = Suspension(ground.event_queue)
        self.to_it = Way()
        self.from_it = Way()
        self._ground = ground
        self._broker = broker
        self._flash = [b"", b""]
        self._noted: Note | None = None  # in RTC memory
        self._flashed = FLASHED_S
        self._life = 0

    @property
    def looks(self) -> LightState:
        """What anybody in the room sees: on or off, and how bright."""
        light = self.light
        assert light is not None
        is_on, brightness = light.output
        return LightState(state="ON" if is_on else "OFF", brightness=brightness)

    # Power and flash

    def power_on(self) -> None:
        """Boot, where it has no power."""
        if self.light is not None:
            return
        ground, dice = self._ground, self._ground.dice
        self._life += 1
        self._sequence, *kept, _, _ = record.newest(self._flash)
        self._kept = tuple(kept)
        ceiling, epoch, output = record.update(self._noted, self._kept)
        epoch, self._ceiling = record.next_epoch(ceiling, self._flashed, epoch)
        self.light = Light(f"{dice.getrandbits(32):08x}", epoch, output)
        self._note()
        self._clock = event_queue.Clock(ground.event_queue, dice.randint(-500, 500), dice.randrange(1_000) * MS)
        # The chip's count of ms wraps in this life or does not.
        self._ticks_ahead = PERIOD - dice.randrange(20_000) if dice.random() < 0.3 else 0
        self._up = Clock(self._ticks())
        self._saves = False
        ground.note(self.name, f"boots as {self.light.gate.boot}, epoch {self.light.epoch}")
        self._ground.judge.became(self.name, (self.light.epoch, 0), "start")
        self._keep()
        if self.light is not None:
            self._later(dice.randint(0, SLOWEST_JOIN), self.join)
            self._beat()

    def cut_power(self) -> None:
        """The plug is pulled: what was in RAM is gone, and in RTC memory."""
        self._noted = None
        self._end("loses its power")

    def reset(self) -> None:
        """It crashed, and its RTC memory lives on."""
        self._end("crashes")

    def _end(self, status: str) -> None:
        if self.light is not None:
            self._ground.note(self.name, status)
            self.light, self.linked = None, False
            self._life += 1
            self.suspension.die()
            self.suspension = Suspension(self._ground.event_queue)

    def _note(self) -> None:
        light = self.light
        assert light is not None
        self._noted = (self._ceiling, light.epoch, light.output, 0, b"")

    def _keep(self) -> None:
        light = self.light
        assert light is not None
        news = (self._ceiling, light.output)
        if news == self._kept:
            return
        content = record.encode(self._sequence + 1, *news)
        place = (self._sequence + 1) % 2
        if self.tear is not None:
            self._flash[place], self.tear = content[: self.tear], None
            self.tears += 1
            self.cut_power()
            return
        self._flash[place], self._kept = content, news
        self._sequence += 1

    def _save_later(self) -> None:
        if not self._saves:
            self._saves = True
            self._later(SAVE_AFTER, self._save)

    def _save(self) -> None:
        self._saves = False
        self._note()
        self._keep()

    def _later(self, wait: int, call: Callable[[], None]) -> None:
        """Do something later in this life."""
        life = self._life
        self._ground.event_queue.after(wait, lambda: self.suspension.do(call) if life == self._life else None)

    def _ticks(self) -> int:
        return (self._clock.now() // MS + self._ticks_ahead) % int(PERIOD)

    def up(self) -> int:
        """Its clock."""
        return int(self._up.up(self._ticks()))

    # The link

    def join(self) -> None:
        """Come to the broker, which hands over what it keeps for the light. Where there is none, try again."""
        if self.light is None or self.linked:
            return
        if not self._broker.is_up:
            self.join_later()
            return
        self.linked = True
        self._broker.greet(self)
        self.light.gate.told = 0
        self._report()
        self._broker.publish_online(self)

    def lose_link(self) -> None:
        """Know that the link is dead; Wi-Fi may come back."""
        self.linked = False

    def join_later(self) -> None:
        """Join after the back-off."""
        if self.light is not None:
            self._later(self._ground.dice.randint(0, SLOWEST_JOIN), self.join)

    def _beat(self) -> None:
        self._report()
        self._later(HEARTBEAT, self._beat)

    def _report(self) -> None:
        light = self.light
        if light is None or not self.linked:
            return
        page = _Page()
        report.write_report(page, light, self.up(), 80_000)
        self._broker.publish_report(self, "".join(page.parts).encode())

    # What it is told

    def hear_denial(self) -> None:
        """Somebody takes it for offline or gone: say that it is not, to bridges by a report."""
        if self.linked:
            self.suspension.do(self._affirm)

    def _affirm(self) -> None:
        if self.linked:
            self._ground.note(self.name, "is said to be offline, and is not")
            self._report()
            self._broker.publish_online(self)

    def hear(self, message: bytes, *, is_retained: bool, is_fresh: bool = True) -> None:
        """A set message arrives. `is_fresh`: somebody sent it just now; the broker had not kept it."""
        if self.linked:
            self.suspension.do(lambda: self._obey(message, is_retained=is_retained, is_fresh=is_fresh))

    def _obey(self, message: bytes, *, is_retained: bool, is_fresh: bool) -> None:
        light = self.light
        if light is None or not self.linked:
            return
        judgement, command = _read(message)
        was = (light.epoch, light.seq)
        act = light.on_event(rules.RETAINED if is_retained else judgement, command, self.up())
        if light.seq != was[1]:
            key = f"{command.origin}-{command.number}"
            self._ground.judge.became(
                self.name, (light.epoch, light.seq), "phone" if command.origin else "command", key
            )
        if act == rules.SHINE:
            self._ground.judge.acted_on(str(command.number), command.if_ver if command.origin else None, was)
            self._shone(light, command, is_fresh=is_fresh)
        if act != rules.NOTHING:
            self._report()

    def _shone(self, light: Light, command: Command, *, is_fresh: bool) -> None:
        key = f"{command.origin}-{command.number}" if command.origin else ""
        self._ground.note(self.name, f"obeys {key or 'a keyless message'}: {self.looks}, version {light.seq}")
        if key:
            self._ground.judge.acted(key, self.device)
        else:
            self._ground.judge.changed(self.name, "a live message" if is_fresh else "")
        light.took(command, 100)
        self._save_later()

    def press_button(self) -> None:
        """A hand on the light itself."""
        self.suspension.do(self._toggle)

    def _toggle(self) -> None:
        if self.light is not None:
            self.light.on_event(rules.BUTTON, Command(), self.up())
            self._ground.judge.became(self.name, (self.light.epoch, self.light.seq), "button")
            self._ground.note(self.name, f"is switched by hand: {self.looks}")
            self._save_later()
            self._report()
