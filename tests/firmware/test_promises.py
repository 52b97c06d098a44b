"""The light against a network that loses, repeats, delays and reorders: what it answered stays true, whatever comes."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lamp.gate import MAX_AHEAD_MS, MEMORY
from lamp.light import NOTHING, SHINE
from lamp.table import ORIGINS, WINDOW
from tests.firmware.conftest import Both
from tests.firmware.on_micropython import scenarios
from tests.firmware.on_micropython.scenarios import BOOT, EPOCH
from tests.firmware.presses import Press, Seen

NEVER = {"late", "superseded", "precondition", "invalid", "rebooted"}
origins = st.one_of(st.integers(0, 2), st.integers(0, ORIGINS + 3))
patiences = st.one_of(st.integers(0, 100), st.integers(0, 12_000), st.integers(0, MAX_AHEAD_MS + 10))


class World(RuleBasedStateMachine):
    """Phones with honest keys, a network that keeps a copy of everything, a hand at the button, and the light."""

    def __init__(self, both: Both) -> None:
        super().__init__()
        self.both = both
        self.lamp = scenarios.new_lamp()  # type: ignore[no-untyped-call]  # MicroPython's file
        self.steps: list[Any] = []
        self.seen: list[list[Any]] = []
        self.up = 0
        self.sent: list[Press] = []
        self.last: dict[int, Press] = {}  # per origin: deadlines never go back, numbers rise
        self.acted: set[Press] = set()
        self.answers: list[tuple[str, str]] = []
        self.arrived: dict[int, int] = {}  # per origin the highest number that the light has seen
        self.waits: dict[int, int] = {}  # per origin until when the light may keep a place for it

    @rule(ms=st.one_of(st.integers(1, 50), st.integers(1, 1_000), st.integers(1, 2 * MAX_AHEAD_MS)))
    def wait(self, ms: int) -> None:
        self.up += ms

    @rule(
        origin=origins,
        skip=st.one_of(st.just(1), st.integers(1, WINDOW + 5)),
        patience=patiences,
        state=st.sampled_from(["ON", "OFF"]),
        brightness=st.none() | st.integers(1, 255),
        wish=st.sampled_from(["any", "any", "any", "this version", "another version"]),
        boot=st.sampled_from([BOOT] * 9 + ["0ddb0071"]),
        copies=st.integers(0, 2),
    )
    def press(self, origin: int, skip: int, patience: int, wish: str, copies: int, **what: Any) -> None:
        before = self.last.get(origin, Press(origin, 0, until=0))
        version = EPOCH, self.lamp.seq
        if_ver = {"any": None, "this version": version, "another version": (EPOCH, self.lamp.seq + 1)}[wish]
        until = max(before.until, self.up + patience)
        press = Press(origin, before.number + skip, until, if_ver=if_ver, **what)
        self.last[origin] = press
        self.sent.append(press)
        for _ in range(copies):
            self.arrive(press)

    @rule(size=st.integers(ORIGINS - 2, ORIGINS + 1), patience=st.integers(0, 500))
    def crowd(self, size: int, patience: int) -> None:
        """Many others at once, so that the table fills and somebody must leave."""
        for origin in range(size):
            self.press(100 + origin, 1, patience, "any", 1, state="ON", brightness=None, boot=BOOT)

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 1_000_000), is_damaged=st.sampled_from([False] * 5 + [True]))
    def copy_arrives(self, pick: int, is_damaged: bool) -> None:
        self.arrive(self.sent[-1 - pick % len(self.sent)], is_damaged)

    @rule()
    def button(self) -> None:
        self.step("button")

    @rule(state=st.sampled_from(["ON", "OFF"]))
    def message_without_key(self, state: str) -> None:
        assert self.step([self.up, f'{{"state":"{state}"}}']).is_on == (state == "ON")

    def arrive(self, press: Press, is_damaged: bool = False) -> None:
        must_act = not is_damaged and self.must_act(press)
        seen = self.step([self.up, press.damaged if is_damaged else press.payload])
        if seen.act == NOTHING:
            assert is_damaged
            return
        key, word, _ = seen.answers[-1]
        assert key == press.key
        if seen.act == SHINE:
            self.check_act(press, seen, is_damaged)
        else:
            assert not must_act
            self.check_answer(press, word)
        self.answers.append((press.key, word))
        if press.boot == BOOT or is_damaged:
            self.arrived[press.origin] = max(press.number, self.arrived.get(press.origin, 0))
            until = self.up + MAX_AHEAD_MS if is_damaged else min(press.until, self.up + MAX_AHEAD_MS)
            self.waits[press.origin] = max(until, self.waits.get(press.origin, 0))

    def check_act(self, press: Press, seen: Seen, is_damaged: bool) -> None:
        assert not is_damaged
        assert press not in self.acted
        assert press.boot == BOOT
        assert self.up <= press.until
        assert press.number > max((each.number for each in self.acted if each.origin == press.origin), default=0)
        assert press.if_ver in (None, (EPOCH, seen.seq), (EPOCH, seen.seq - 1))
        assert {word for key, word in self.answers if key == press.key} <= {"busy"}
        assert (seen.outcome, seen.is_on) == ("applied", press.state == "ON")
        assert seen.brightness == press.brightness or press.brightness is None
        self.acted.add(press)

    def check_answer(self, press: Press, word: str) -> None:
        before = {earlier for key, earlier in self.answers if key == press.key}
        if word == "applied":
            assert press in self.acted
        elif word in NEVER or word == "busy":
            assert press not in self.acted
        else:
            assert word == "forgotten"
            all_fit = len(self.arrived.keys() | {press.origin}) <= ORIGINS
            assert not all_fit or self.arrived[press.origin] - press.number >= WINDOW
        if before & NEVER:
            assert word in NEVER | {"forgotten"}

    def must_act(self, press: Press) -> bool:
        """Nothing stands against it: new, in time, its version, and a place for its origin."""
        others = sum(until >= self.up for origin, until in self.waits.items() if origin != press.origin)
        return (
            press.number > self.arrived.get(press.origin, 0)
            and press.key not in {key for key, _ in self.answers}
            and press.boot == BOOT
            and self.up <= press.until <= self.up + MAX_AHEAD_MS
            and press.if_ver in (None, (EPOCH, self.lamp.seq))
            and others < ORIGINS
        )

    def step(self, step: Any) -> Seen:
        before = self.lamp.seq, *self.lamp.output
        self.steps.append(step)
        self.seen.append(scenarios.obey(self.lamp, step))  # type: ignore[no-untyped-call]  # as above
        seen = Seen(*self.seen[-1])
        assert seen.seq == before[0] + ((seen.is_on, seen.brightness) != before[1:])
        return seen

    @invariant()
    def reader_that_is_not_far_behind_has_missed_no_answer(self) -> None:
        gate = self.lamp.gate
        assert gate.decided == len(self.answers)
        told = [f"{origin}-{number}" for origin, number, *_ in gate.decisions]
        for behind in range(1, min(MEMORY, gate.decided) + 1):
            assert behind > len(told) or {key for key, _ in self.answers[-behind:]} <= set(told[-behind:])

    def teardown(self) -> None:
        assert self.both("lamp", self.steps) == self.seen


def test_light_keeps_its_promises(both: Both) -> None:
    run_state_machine_as_test(
        lambda: World(both),  # type: ignore[arg-type]  # any maker of machines will do
        settings=settings(max_examples=20, stateful_step_count=60),
    )
