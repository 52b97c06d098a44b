"""Presses, store and a light over a network that loses, repeats and delays: each press gets a last word, a true one."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from presslight.cloud.errors import Refusal
from presslight.contract.mqtt import SetCommand, decode_set
from presslight.contract.phone import Wish
from presslight.contract.words import MAX_DRIFT_PPM, Moment
from tests.cloud.model_light import ModelLight
from tests.cloud.ports import MS, Harness, Listener, PressStore, S, key

PHONES = 6
PRESSES = 40
HEARTBEAT_S = 10


class World:
    """One light and one bridge in virtual time. The same seed repeats the same run."""

    def __init__(self, seed: int, places: int) -> None:
        self.dice = random.Random(seed)
        self.light = ModelLight(places)
        self.drift = self.dice.randint(-MAX_DRIFT_PPM, MAX_DRIFT_PPM)
        self.booted = 900 * S
        self.store = PressStore()
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.loss = 0.3
        self.listeners: dict[str, list[Listener]] = {}
        self.asked: dict[str, dict[str, Any]] = {}
        self.to_light_at = self.to_bridge_at = self.order = 0
        self.start_bridge(1_000 * S)

    def start_bridge(self, now: int) -> None:
        """Start a bridge on the same store. One before it is not told: it hears what was under way, like a replica."""
        self.harness = Harness(store=self.store, with_light=False)
        self.harness.now = now
        self.harness.publisher.publish = self.send  # type: ignore[method-assign]  # the network takes its place
        self.harness.presses.on_report("kitchen", self.light.report(self.up()), now, live=False)
        self.harness.presses.on_availability("kitchen", "online", now, live=False)
        self.harness.presses.on_broker(found=True, now=now)

    def restart_bridge(self) -> None:
        self.start_bridge(self.harness.now)

    def up(self) -> int:
        passed = self.harness.now - self.booted
        return passed * (1_000_000 + self.drift) // 1_000_000 // MS

    def at(self, now: int, what: Callable[[], None]) -> None:
        self.order += 1
        self.events.append((now, self.order, what))

    def sometime(self, start: int, within_s: int, what: Callable[[], None]) -> None:
        self.at(start + self.dice.randint(0, within_s * 1_000) * MS, what)

    def delay(self) -> int:
        return int(self.dice.expovariate(1 / 300) * MS)

    def send(self, light: str, message: bytes, key: str) -> int:
        """Send a set message to the light: in order, lost or repeated at random."""
        command = decode_set(message)
        for _ in range(2 if self.dice.random() < 0.2 else 1):
            if self.dice.random() >= self.loss:
                self.to_light_at = max(self.to_light_at, self.harness.now + self.delay())
                self.at(self.to_light_at, partial(self.receive, command))
        return self.harness.now

    def receive(self, command: SetCommand) -> None:
        self.light.receive(command, self.up())
        self.tell()

    def tell(self) -> None:
        """Send the light's present report to the bridge: in order, lost at random."""
        if self.dice.random() >= self.loss:
            report, presses = self.light.report(self.up()), self.harness.presses
            self.to_bridge_at = max(self.to_bridge_at, self.harness.now + self.delay())
            self.at(self.to_bridge_at, lambda: presses.on_report("kitchen", report, self.harness.now, live=True))

    def heartbeat(self) -> None:
        self.tell()
        self.at(self.harness.now + HEARTBEAT_S * S, self.heartbeat)

    def reboot(self) -> None:
        self.light.reboot()
        self.booted = self.harness.now - self.dice.randint(0, 500) * MS
        self.harness.presses.on_availability("kitchen", "online", self.harness.now, live=True)
        self.tell()

    def press(self, number: int) -> None:
        phone = self.dice.randrange(PHONES)
        pressed = key(number, f"{phone:016x}")
        self.asked[pressed] = {
            "key": pressed,
            "phone": f"phone-{phone}",
            "set": Wish(state="ON" if self.dice.random() < 0.5 else "OFF"),
            "not_after": self.deadline(),
            "if_ver": self.light.version if self.dice.random() < 0.1 else None,
        }
        self.ask(pressed)

    def deadline(self) -> Moment | None:
        if self.dice.random() < 0.5:
            return None
        light = self.harness.presses.lights.by_name["kitchen"]
        return Moment(boot=light.report.boot, up=light.bound.at(self.harness.now) + self.dice.randint(0, 3_000))

    def ask(self, pressed: str) -> None:
        try:
            listener = self.harness.ask(**self.asked[pressed])
        except Refusal as refusal:
            if not refusal.retry:
                raise
        else:
            self.listeners.setdefault(pressed, []).append(listener)

    def ask_again(self) -> None:
        if self.asked:
            self.ask(self.dice.choice(list(self.asked)))

    def run(self, until: int) -> None:
        while self.events and (event := min(self.events, key=lambda event: event[:2]))[0] <= until:
            self.events.remove(event)
            self.harness.later(max(0, event[0] - self.harness.now) // MS)
            self.harness.now = max(self.harness.now, event[0])
            event[2]()
        self.harness.later(max(0, until - self.harness.now) // MS)


@pytest.mark.parametrize("places", [2, 16])
@pytest.mark.parametrize("seed", range(40))
def test_last_words_are_true(seed: int, places: int) -> None:
    world = World(seed, places)
    start = world.harness.now
    world.at(start, world.heartbeat)
    for number in range(1, PRESSES + 1):
        world.sometime(start, 20, partial(world.press, number))
    for _ in range(60):
        world.sometime(start, 30, world.ask_again)
    for _ in range(world.dice.randint(0, 3)):
        world.sometime(start, 20, world.reboot)
    for _ in range(world.dice.randint(0, 3)):
        world.sometime(start, 20, world.restart_bridge)
    world.run(start + 40 * S)
    world.loss = 0
    world.run(start + 120 * S)
    check(world)


def check(world: World) -> None:
    acted = [pressed for pressed, _, _ in world.light.acted]
    assert len(set(acted)) == len(acted), "a press acted twice"
    for pressed, boot, up in world.light.acted:
        record = world.store.records[pressed]
        assert record.boot == boot, f"{pressed} acted in another boot"
        assert up <= record.up, f"{pressed} acted late"
    for pressed in world.asked:
        record = world.store.records[pressed]
        assert record.status.final, f"{pressed} has no last word"
        said = {status for listener in world.listeners[pressed] for status in listener.words}
        assert not ("applied" in said and pressed not in acted), f"{pressed} did not act: {said}"
        assert not (any(map(means_no, said)) and pressed in acted), f"{pressed} acted: {said}"


def means_no(said: str) -> bool:
    return said.startswith(("refused", "not_applied", "offline"))
