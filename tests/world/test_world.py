"""Presses by the thousand in virtual time, with everything going wrong that can: every promise holds."""

import os
import secrets
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import pytest

from tests.world.judge import Broken
from tests.world.life import PROGRAMMED, VISITED, live
from tests.world.world import World

SEEDS_AT_ONCE = 20
PRESSES_A_LIFE = 63  # a little less than they have, so that few lives are lived for nothing
PRESSES = 2_000
PRESSES_OF_VISITED = 500
PRESSES_BY_PROGRAMS = 500
PRESSES_A_NIGHT = 1_000_000
LAST_LINES = 60
EVENTS = {
    *("obeys", "crashes", "starts", "loses its power", "boots", "killed", "opened", "is cut", "switched by hand"),
    *("says applied", "says refused superseded", "says refused late", "says refused precondition", "says offline"),
    *("says unconfirmed", "says not_applied", "says lost_in_reboot", "says forgotten", "says not_sent", "says waiting"),
    *("retained", "lost the broker", "has lost its bridge", "dies", "starts, emptied"),
    *("changed by phone-", "changed by button", "changed by command", "changed by start"),
    *("forgets", "takes light-0 away"),
    *("stands still", "sleeps", "is blocked", "wire cut", "one way", "both ways"),
}


def lived(first: int) -> tuple[int, list[str]]:
    """Live some lives, the first of them of this seed. Answers how many presses they had, and what was broken."""
    presses, broken = 0, []
    for seed in range(first, first + SEEDS_AT_ONCE):
        try:
            presses += live(seed)
        except Broken as promise:
            broken.append(f"{promise}\n{_story(seed)}")
    return presses, broken


def _story(seed: int) -> str:
    timeline: list[str] = []
    with suppress(Broken):
        live(seed, timeline)
    tail = "\n".join(timeline[-LAST_LINES:])
    return f"{tail}\nall of it: make world SEED={seed}"


def _lives(first: int, wanted: int) -> Iterator[tuple[int, list[str]]]:
    """Live until there were as many presses as wanted, on all cores."""
    presses = 0
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        while presses < wanted:
            chunk = 1 + (wanted - presses) // (PRESSES_A_LIFE * SEEDS_AT_ONCE)
            seeds = range(first, first + chunk * SEEDS_AT_ONCE, SEEDS_AT_ONCE)
            for result in pool.map(lived, seeds):
                presses += result[0]
                yield result
            first = seeds.stop


def _every_promise_holds(first: int, wanted: int) -> None:
    presses, broken = 0, list[str]()
    for more, found in _lives(first, wanted):
        presses += more
        broken += found
    assert not broken, f"{len(broken)} of the lives broke a promise; the first:\n{broken[0]}"
    assert presses >= wanted
    sys.stderr.write(f"{presses} presses from seed {first} on: every promise held\n")


@pytest.mark.timeout(600)  # seconds of CPU, beside others on a busy machine
def test_every_promise_holds_in_thousands_of_presses() -> None:
    _every_promise_holds(0, PRESSES)


@pytest.mark.timeout(600)  # as above
def test_every_promise_holds_where_others_use_a_lights_name() -> None:
    """Strangers that report the highest version, and second lamps, for a while: then all is as before."""
    _every_promise_holds(VISITED, PRESSES_OF_VISITED)


@pytest.mark.timeout(600)  # as above
def test_every_promise_holds_where_a_program_presses_by_text() -> None:
    """The same text is one press, through any bridge, over crashes and power cuts."""
    _every_promise_holds(PROGRAMMED, PRESSES_BY_PROGRAMS)


@pytest.mark.nightly
def test_every_promise_holds_in_a_million_presses() -> None:
    """Other lives each night: `SEED=n make nightly` lives those of one night again."""
    seed = int(os.environ.get("SEED", secrets.randbelow(10**9)))
    _every_promise_holds(seed, PRESSES_A_NIGHT)
    _every_promise_holds(VISITED + seed, PRESSES_A_NIGHT // 10)
    _every_promise_holds(PROGRAMMED + seed, PRESSES_A_NIGHT // 10)


def test_seed_lives_the_same_life_again() -> None:
    for seed in (3, 10):
        one, other = list[str](), list[str]()
        live(seed, one)
        live(seed, other)
        assert one == other


def test_life_is_eventful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that carries nothing, or a world in which nothing happens, would keep every promise, too."""
    heard: set[str] = set()
    monkeypatch.setattr(
        World, "note", lambda _world, _who, what: heard.update(status for status in EVENTS if status in what)
    )
    for seed in range(30):
        live(seed)
        if heard == EVENTS:
            break
    assert heard == EVENTS
