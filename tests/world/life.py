"""One life of a world, drawn from a seed: who presses when, and what goes wrong meanwhile."""

import json
import random
from collections.abc import Callable
from functools import partial

from presslight.contract.light import Power, WishFields
from tests.world.bridge import Bridge
from tests.world.event_queue import MS, S
from tests.world.handset import Handset
from tests.world.lamp import Lamp
from tests.world.network import Way, Weather
from tests.world.world import World

LASTS = 30 * S
PRESSES = 60
PATIENCES = (300, 1_000, 2_000, 2_000, 2_000, 10_000)
CROWDS = ((300,), (10_000,), (300, 10_000), (300, 10_000))
"""How patient a crowd is: with more phones than a light has places, all of them pressing within seconds."""
DARK = 0.25
"""How many lives end in a power cut of the whole house."""
VISITED = 10**12
"""From this seed on, others use a light's name in each life."""
PROGRAMMED = 10**11
"""From this seed on, up to the former, a program presses by text in each life."""
PRESSES_BY_TEXT = 30
CRASHES = ("stored", "published", "known")


def live(seed: int, timeline: list[str] | None = None) -> int:
    """Live the life of a seed. Answers how many presses it had. Raises Broken."""
    life = Life(seed, timeline)
    life.run()
    return len(life.world.judge.facts)


class Life:
    """The life of one seed."""

    def __init__(self, seed: int, timeline: list[str] | None = None) -> None:
        self._dice = dice = random.Random(seed)
        crowd = dice.random() < 0.15
        self._patiences = dice.choice(CROWDS) if crowd else PATIENCES
        self._presses, self._spread = (2 * PRESSES, 8 * S) if crowd else (PRESSES, LASTS)
        weather = Weather(
            loss=dice.choice((0, 0.05, 0.25)), repeat=dice.choice((0, 0.2)), stall=dice.choice((0, 0.03, 0.15))
        )
        self.world = World(
            dice,
            weather,
            phones=40 if crowd else dice.randint(1, 4),
            lights=1 if crowd else dice.randint(1, 2),
            bridges=dice.randint(1, 2),
            timeline=timeline,
        )
        self._script(dice.choice((0, 4, 12)))
        for _ in range(dice.randint(1, 3) if seed >= VISITED else 0):
            self._sometime(lambda: self.world.visit(self._lamp().name))
        for _ in range(PRESSES_BY_TEXT if PROGRAMMED <= seed < VISITED else 0):
            self._sometime(self._press_by_text)

    def run(self) -> None:
        """Live it, mend it, and look."""
        self.world.pass_time(LASTS)
        self.world.rest()
        if self._dice.random() < DARK:
            self.world.go_dark()

    def _script(self, troubles: int) -> None:
        self.world.pass_time(3 * S)
        for _ in range(self._presses):
            self._sometime_within(self._spread, self._press)
        if self._presses > PRESSES:
            self._sometime_within(4 * S, self._hush)
        for trouble in self._dice.choices(self._troubles(), k=troubles):
            self._sometime(trouble)
        for _ in range(self._dice.randint(0, 6)):
            self._sometime(self._switch_by_hand)

    def _sometime(self, call: Callable[[], None]) -> None:
        self._sometime_within(LASTS, call)

    def _sometime_within(self, span: int, call: Callable[[], None]) -> None:
        self.world.event_queue.after(self._dice.randint(0, span), call)

    def _troubles(self) -> list[Callable[[], None]]:
        return [
            self._crash_bridge,
            self._crash_bridge_at,
            self._stall_bridge,
            self._cut_broker,
            self._restart_broker,
            self._lose_store,
            self._cut_power,
            self._tear_flash,
            self._stall_light,
            self._cut_wifi,
            self._tear_wire,
            self._cut_wire,
            self._kill_phone,
            self._kill_phone_in_a_write,
            self._put_phone_to_sleep,
            self._jump_wall_clock,
            self._forget_light,
            self._cut_bridges_power,
        ]

    # People

    def _press(self) -> None:
        handset = self._dice.choice(self.world.handsets)
        self._press_on(handset)
        if self._dice.random() < 0.15:
            self._in(self._dice.randint(0, 200 * MS), partial(self._press_on, handset))

    def _press_on(self, handset: Handset) -> None:
        light = self._lamp().name
        if handset.life is None or light not in handset.life.screen.lights:
            return
        shown = handset.life.screen.lights[light]
        wish: WishFields = {
            "state": "ON" if self._dice.random() < 0.6 else "OFF",
            "brightness": self._dice.randint(1, 255) if self._dice.random() < 0.5 else None,
        }
        handset.life.press(
            light,
            wish,
            self._dice.choice(self._patiences),
            shown.version if self._dice.random() < 0.1 else None,
        )

    def _press_by_text(self) -> None:
        state: Power = "ON" if self._dice.random() < 0.6 else "OFF"
        self.world.program.press(self._lamp().name, state, dated=self._dice.random() < 0.5)

    def _switch_by_hand(self) -> None:
        lamp = self._lamp()
        if self._dice.random() < 0.5:
            lamp.press_button()
        else:
            wish = {"state": self._dice.choice(("ON", "OFF")), "brightness": self._dice.randint(1, 255)}
            retain = self._dice.random() < 0.5
            self.world.note("somebody", f"publishes {wish}{', retained' if retain else ''}")
            self.world.broker.publish_set(lamp.name, json.dumps(wish).encode(), retain=retain)

    # Troubles

    def _crash_bridge(self) -> None:
        bridge = self._bridge()
        bridge.crash()
        self._in(self._pause(), bridge.start)

    def _crash_bridge_at(self) -> None:
        bridge = self._bridge()
        if bridge.life is not None:
            bridge.life.crash_at = self._dice.choice(CRASHES)
            self._in(self._pause(), bridge.start)

    def _cut_bridges_power(self) -> None:
        """They all run on one machine."""
        self.world.note("the bridges' machine", "loses its power")
        for bridge in self.world.bridges:
            bridge.crash()
            self._in(self._pause(), bridge.start)
        self.world.database.cut_power(self.world.event_queue.now)

    def _stall_bridge(self) -> None:
        self._bridge().stand_still(self._pause())

    def _restart_broker(self) -> None:
        world, emptied = self.world, self._dice.random() < 0.3
        world.lose_broker()
        self._in(self._pause(), lambda: world.broker.start(emptied=emptied))

    def _cut_broker(self) -> None:
        bridge = self._bridge()
        bridge.lose_broker()
        self._in(self._pause(), bridge.find_broker)

    def _lose_store(self) -> None:
        """The store's answers do not reach a bridge, and all others start anew meanwhile."""
        bridge = self._bridge()
        bridge.deaf_until = self.world.event_queue.now + self._pause()
        self.world.note(bridge.name, "cannot hear the store")
        for other in self.world.bridges:
            if other is not bridge:
                other.crash()
                self._in(self._pause(), other.start)

    def _cut_power(self) -> None:
        """Or crash it: every other time, by the ns of its pause."""
        lamp, pause = self._lamp(), self._pause()
        if pause % 2:
            lamp.reset()
            self.world.broker.bury(lamp)
        else:
            self._unplug(lamp)
        self._in(pause, lamp.power_on)

    def _tear_flash(self) -> None:
        lamp = self._lamp()
        lamp.tear = self._dice.randint(0, 19)
        for _ in range(3):
            self._in(self._pause(), lamp.power_on)

    def _stall_light(self) -> None:
        """Its loop is blocked, as by a look-up of a name."""
        lamp, pause = self._lamp(), self._pause()
        self.world.note(lamp.name, f"is blocked for {pause // MS} ms")
        lamp.suspension.start(pause)

    def _unplug(self, lamp: Lamp) -> None:
        lamp.cut_power()
        self.world.broker.bury(lamp)

    def _hush(self) -> None:
        """The light hears and acts, and nobody hears of it."""
        lamp = self._lamp()
        self._cut(lamp, self._dice.randint(0, 8 * S), (lamp.from_it,))

    def _cut_wifi(self) -> None:
        lamp = self._lamp()
        ways = self._dice.choice(((lamp.to_it,), (lamp.from_it,), (lamp.to_it, lamp.from_it)))
        self._cut(lamp, self._pause(), ways)

    def _cut(self, lamp: Lamp, pause: int, ways: tuple[Way, ...]) -> None:
        opens = self.world.event_queue.now + pause
        self.world.note("Wi-Fi", f"of {lamp.name} is cut for {pause // MS} ms, {len(ways)} ways")
        for way in ways:
            way.opens = max(way.opens, opens)
        if pause > 5 * S:
            self._in(5 * S, lamp.lose_link)
            self._in(5 * S, partial(self.world.broker.bury, lamp))
            self._in(pause, lamp.join_later)

    def _tear_wire(self) -> None:
        wires = self._bridge().wires
        if wires:
            self._dice.choice(wires).tear()

    def _cut_wire(self) -> None:
        wires = self._bridge().wires
        if wires:
            there, back = self._dice.choice(((True, False), (False, True), (True, True)))
            self._dice.choice(wires).cut(self._pause(), there=there, back=back)

    def _put_phone_to_sleep(self) -> None:
        life = self._handset().life
        if life is not None:
            life.sleep(self._pause(), counts=self._dice.random() < 0.5)

    def _kill_phone(self) -> None:
        handset = self._handset()
        handset.kill()
        self._in(self._pause(), handset.open)

    def _kill_phone_in_a_write(self) -> None:
        handset = self._handset()
        handset.disk.tear = self._dice.random()
        self._in(self._pause(), handset.open)

    def _jump_wall_clock(self) -> None:
        self._handset().wall_ahead_ms += self._dice.randint(-(10**7), 10**7)

    def _forget_light(self) -> None:
        self.world.forget(self._lamp().name)

    def _in(self, wait: int, call: Callable[[], None]) -> None:
        self.world.event_queue.after(wait, call)

    def _pause(self) -> int:
        return int(self._dice.choice((0.2, 2, 8, 15)) * self._dice.random() * S)

    def _lamp(self) -> Lamp:
        return self._dice.choice(list(self.world.lamps.values()))

    def _bridge(self) -> Bridge:
        return self._dice.choice(self.world.bridges)

    def _handset(self) -> Handset:
        return self._dice.choice(self.world.handsets)
