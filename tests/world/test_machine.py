"""The world in the hands of hypothesis: it chooses who does what, and shrinks what breaks a promise."""

import json
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.world.event_queue import MS
from tests.world.judge import Broken
from tests.world.life import CRASHES
from tests.world.mutations import MUTATIONS, Mutation
from tests.world.network import Weather
from tests.world.world import World

SETTINGS = settings(max_examples=80, stateful_step_count=40, deadline=None)
PHONES, LIGHTS, BRIDGES = 2, 1, 2

phones = st.integers(0, PHONES - 1)
bridges = st.integers(0, BRIDGES - 1)
chances = st.sampled_from((0.0, 0.1, 0.3))
waits = st.sampled_from((10, 100, 400, 2_000, 7_000, 15_000))


class House(RuleBasedStateMachine):
    """Two phones, two bridges, one light. The judge looks at every step, and at the end all must come to rest."""

    world: World

    @initialize(seed=st.integers(0, 2**16), loss=chances, repeat=chances, stall=chances)
    def build(self, seed: int, loss: float, repeat: float, stall: float) -> None:
        weather = Weather(loss, repeat, stall)
        self.world = World(random.Random(seed), weather, phones=PHONES, lights=LIGHTS, bridges=BRIDGES)
        self.lamp = self.world.lamps["light-0"]

    @rule(ms=waits)
    def wait(self, ms: int) -> None:
        self.world.pass_time(ms * MS)

    @rule(phone=phones, state=st.sampled_from(("ON", "OFF")), patience=st.sampled_from((100, 2_000, 10_000)))
    def press(self, phone: int, state: str, patience: int) -> None:
        life = self.world.handsets[phone].life
        if life is not None and "light-0" in life.screen.lights:
            life.press("light-0", {"state": "ON" if state == "ON" else "OFF"}, patience, None)

    @rule(phone=phones)
    def toggle(self, phone: int) -> None:
        life = self.world.handsets[phone].life
        if life is not None and "light-0" in life.screen.lights:
            shown = life.screen.lights["light-0"]
            life.press("light-0", {"state": "OFF" if shown.state == "ON" else "ON"}, 2_000, shown.version)

    @rule(state=st.sampled_from(("ON", "OFF")), retain=st.booleans())
    def publish_without_key(self, state: str, retain: bool) -> None:
        self.world.broker.publish_set("light-0", json.dumps({"state": state}).encode(), retain=retain)

    @rule()
    def press_button(self) -> None:
        self.lamp.press_button()

    @rule(bridge=bridges)
    def crash_bridge(self, bridge: int) -> None:
        self.world.bridges[bridge].crash()

    @rule(bridge=bridges, place=st.sampled_from(CRASHES))
    def crash_bridge_at(self, bridge: int, place: str) -> None:
        life = self.world.bridges[bridge].life
        if life is not None:
            life.crash_at = place

    @rule(bridge=bridges)
    def start_bridge(self, bridge: int) -> None:
        self.world.bridges[bridge].start()

    @rule(bridge=bridges)
    def lose_broker(self, bridge: int) -> None:
        self.world.bridges[bridge].lose_broker()

    @rule(bridge=bridges, ms=waits)
    def stall_bridge(self, bridge: int, ms: int) -> None:
        self.world.bridges[bridge].stand_still(ms * MS)

    @rule()
    def kill_broker(self) -> None:
        self.world.lose_broker()

    @rule(emptied=st.booleans())
    def start_broker(self, emptied: bool) -> None:
        self.world.broker.start(emptied=emptied)

    @rule(bridge=bridges)
    def find_broker(self, bridge: int) -> None:
        self.world.bridges[bridge].find_broker()

    @rule(tear=st.none() | st.integers(0, 19))
    def cut_power(self, tear: int | None) -> None:
        if tear is None:
            self.lamp.cut_power()
            self.world.broker.bury(self.lamp)
        else:
            self.lamp.tear = tear

    @rule()
    def crash_lamp(self) -> None:
        self.lamp.reset()
        self.world.broker.bury(self.lamp)

    @rule()
    def restore_power(self) -> None:
        self.lamp.power_on()

    @rule(phone=phones, tear=st.none() | st.sampled_from((0.0, 0.5, 0.99)))
    def kill_phone(self, phone: int, tear: float | None) -> None:
        handset = self.world.handsets[phone]
        if tear is None:
            handset.kill()
        else:
            handset.disk.tear = tear

    @rule(phone=phones)
    def open_phone(self, phone: int) -> None:
        self.world.handsets[phone].open()

    @rule(phone=phones, ms=waits, counts=st.booleans())
    def put_phone_to_sleep(self, phone: int, ms: int, counts: bool) -> None:
        life = self.world.handsets[phone].life
        if life is not None:
            life.sleep(ms * MS, counts=counts)

    @rule(to_it=st.booleans(), from_it=st.booleans(), ms=waits)
    def cut_wifi(self, to_it: bool, from_it: bool, ms: int) -> None:
        for way in [self.lamp.to_it] * to_it + [self.lamp.from_it] * from_it:
            way.opens = self.world.event_queue.now + ms * MS

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.rest()


TestHouse = House.TestCase
TestHouse.settings = SETTINGS


@pytest.mark.nightly
@pytest.mark.parametrize("mutation", [mutation for mutation in MUTATIONS if mutation.name in ("deadline", "epoch")])
def test_hypothesis_finds_the_loss_of_a_safeguard_and_shrinks_it(mutation: Mutation) -> None:
    with mutation.without(), pytest.raises(Broken) as broken:
        run_state_machine_as_test(House, settings=settings(SETTINGS, max_examples=5_000, report_multiple_bugs=False))
    assert str(broken.value).startswith(mutation.breaks)
