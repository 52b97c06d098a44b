"""A house in virtual time: phones, bridges on one store, a broker, lights, a bad network between them, and a judge.

All that decides is the running system's own: `mobile_sim/presses.py`, `cloud/core/presses.py` with
`cloud/websocket/session.py`, and the firmware's `lamp/light.py`. Only clocks, network, store and power are the world's.
"""

import random
from functools import partial

from lamp.gate import MEMORY
from lamp.table import ORIGINS, WINDOW
from presslight.cloud.core.record import Record
from presslight.contract.phone_rules import REFUSALS
from tests.world.bridge import Bridge
from tests.world.broker import Broker
from tests.world.event_queue import S
from tests.world.ground import Ground
from tests.world.handset import Handset
from tests.world.lamp import Lamp
from tests.world.network import FAIR, Weather
from tests.world.program import Program
from tests.world.stranger import Stranger, Twin

SETTLES_WITHIN = 120 * S
TOLD_WITHIN = 42 * S
FEW = 50
READS_STORE_EACH = 1 * S


class World(Ground):
    """One world: see Ground."""

    def __init__(
        self,
        dice: random.Random,
        weather: Weather,
        *,
        phones: int,
        lights: int,
        bridges: int,
        timeline: list[str] | None = None,
    ) -> None:
        super().__init__(dice, weather, timeline, self._why_nobody_knows)
        self.broker = broker = Broker(self)
        self.lamps = {f"light-{n}": Lamp(self, broker, f"light-{n}") for n in range(lights)}
        self.twins: list[Twin] = []
        self.bridges = [Bridge(self, broker, f"bridge-{n}") for n in range(bridges)]
        self.handsets = [Handset(self, self.bridges, f"phone-{n}") for n in range(phones)]
        self.program = Program(self, self.bridges, "program")
        self.database.named = self._named
        for lamp in self.lamps.values():
            lamp.power_on()
        for bridge in self.bridges:
            bridge.start()
        for handset in self.handsets:
            handset.open()

    def _named(self, text: bytes, record: Record) -> None:
        self.judge.named(text.decode(), record.key, record.light, record.boot)

    def _why_nobody_knows(self, key: str, status: str) -> str:
        """Why it may be that nobody can tell whether a press acted."""
        fact = self.judge.facts.get(key)
        if fact is None:
            return ""
        light = self.lamps[fact.hand[1]].light
        if status == "unknown" and fact.refusals >= REFUSALS:
            return "bridges refused to tell"
        if status not in ("lost_in_reboot", "forgotten"):
            return ""
        others = status == "lost_in_reboot" and self.judge.was_visited(fact.hand[1])
        if others or light is None or light.gate.boot != fact.boot:
            return "it rebooted, or another device had its name"
        if status == "forgotten":
            newest = max(each.number for each in self.judge.facts.values() if each.hand == fact.hand)
            if newest - fact.number >= WINDOW or light.gate._table.gone_until >= 0:
                return "it was one of too many"
        return ""

    def lose_broker(self) -> None:
        """The broker dies, and all that were connected to it look for it from now on."""
        self.broker.die()
        for lamp in self.lamps.values():
            lamp.lose_link()
            lamp.join_later()
        for bridge in self.bridges:
            bridge.lose_broker()
            bridge.find_broker()

    def visit(self, light: str) -> None:
        """Somebody else uses a light's name for a while."""
        lamp, dice = self.lamps[light], self.dice
        if dice.random() < 0.5:
            Stranger(self, self.broker, lamp).visit(as_boot=dice.random() < 0.5)
        else:
            twin = Twin(self, self.broker, lamp, len(self.twins) + 1, ahead=dice.random() < 0.5)
            self.twins.append(twin)
            twin.visit(dice.randint(1, 20) * S)

    def forget(self, light: str) -> None:
        """Somebody has a light forgotten that is there all the same: bridges hear it of the broker, or of the store."""
        self.note("somebody", f"forgets {light}")
        self.database.forgotten[light] = None
        self.broker.forget(light)
        for bridge in self.bridges:
            self.event_queue.after(self.dice.randint(0, READS_STORE_EACH), partial(bridge.forget_light, light))

    # Time

    def pass_time(self, ns: int) -> None:
        """Let everything happen that is due within so long."""
        self.event_queue.run(self.event_queue.now + ns)
        self._see_memory(2 * len(self.judge.facts) + FEW)

    def rest(self) -> None:
        """Mend everything, wait until each press has its last word, and see whether all is well then."""
        self.note("world", "is mended")
        self.network.weather = FAIR
        self.broker.start(emptied=False)
        for twin in self.twins:
            twin.leave()
        for lamp in self.lamps.values():
            lamp.suspension.end()
            lamp.tear = None
            lamp.to_it.opens = lamp.from_it.opens = 0
            lamp.power_on()
            lamp.join_later()
        for bridge in self.bridges:
            bridge.suspension.end()
            bridge.spare()
            bridge.start()
            bridge.find_broker()
        for handset in self.handsets:
            handset.disk.tear = None
            handset.open()
            handset.wake()
        self.pass_time(42 * S)  # all that is under way arrives, and then each light reports once more
        end = self.event_queue.now + SETTLES_WITHIN
        while (self.judge.owed or self._holds_presses()) and self.event_queue.now < end:
            self.pass_time(1 * S)
        self._see()

    def go_dark(self) -> None:
        """Cut the power of the whole house: all but the lights come back. A bridge may live elsewhere."""
        self.note("house", "loses its power")
        self.lose_broker()
        for bridge in self.bridges:
            if self.dice.random() < 0.5:
                bridge.crash()
        for lamp in self.lamps.values():
            lamp.cut_power()
        self.broker.start(emptied=False)
        for bridge in self.bridges:
            bridge.start()
        self.pass_time(TOLD_WITHIN)
        self._see_kept(b"offline")
        for handset in self.handsets:
            assert handset.life is not None
            lit = [name for name, shown in handset.life.screen.lights.items() if shown.online]
            self.judge.require(not lit, f"stale: {handset.name} shows {lit} as online")

    def _holds_presses(self) -> bool:
        return any(bridge.life is not None and len(bridge.life.presses) > 0 for bridge in self.bridges)

    def _see(self) -> None:
        require = self.judge.require
        require(not self.judge.owed, f"silent: no last word on {sorted(self.judge.owed)[:5]}")
        for handset in self.handsets:
            for lamp in self.lamps.values():
                self._see_shown(handset, lamp)
            assert handset.life is not None
            require(not handset.life.presses.open, f"memory: {handset.name} holds presses")
        for bridge in self.bridges:
            assert bridge.life is not None
            require(not len(bridge.life.presses), f"memory: {bridge.name} holds presses")
        self._see_kept(b"online")
        self._see_memory(2 * len(self.judge.facts) + FEW)

    def _see_kept(self, wanted: bytes) -> None:
        """What the broker keeps of a light is what Home Assistant shows."""
        for name in self.lamps:
            says = self.broker.says(name)
            self.judge.require(says == wanted, f"kept: the broker keeps {says!r} of {name}, which is {wanted!r}")

    def _see_memory(self, most: int) -> None:
        """What a machine remembers is bounded: by a fixed number, or by how much was asked of it."""
        require = self.judge.require
        for bridge in self.bridges:
            if bridge.life is not None:
                presses = bridge.life.presses
                held = (
                    len(presses),
                    len(presses._runner._deadlines),
                    len(presses._open._listeners),
                    len(bridge.life.sessions),
                )
                require(max(held) <= most, f"memory: {bridge.name} holds {held}")
        for lamp in self.lamps.values():
            if lamp.light is not None:
                gate = lamp.light.gate
                require(len(gate.decisions) <= MEMORY, f"memory: {lamp.name} holds decisions")
                require(len(gate._table._origins) == ORIGINS, f"memory: {lamp.name} holds origins")
                require(max(gate._table._acted) < 1 << WINDOW, f"memory: {lamp.name} holds numbers")

    def _see_shown(self, handset: Handset, lamp: Lamp) -> None:
        assert handset.life is not None
        shown = handset.life.screen.lights.get(lamp.name)
        looks = shown.looks if shown else None
        self.judge.require(
            shown is not None and shown.online and looks == lamp.looks,
            f"stale: {handset.name} shows {lamp.name} as {looks}, it is {lamp.looks}",
        )
