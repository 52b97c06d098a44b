"""The board's wiring, with pins that a test plays; the simulated light has the rest."""

import asyncio
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from lamp.output import duty

DIM = duty(True, 100)
CLOCK = [0]


class Memory:
    """What a board takes for the memory of a reset."""

    def __init__(self) -> None:
        self.output = True, 100

    def keep(self, output: tuple[bool, int]) -> None:
        self.output = output


class Pin:
    IN, PULL_UP, IRQ_RISING, IRQ_FALLING = 1, 2, 1, 2

    def __init__(self, number: int, *setup: int) -> None:
        self.number = number
        self.setup = setup
        self.level = 1
        self.on_edge: Callable[[Any], None] = lambda _: None

    def value(self) -> int:
        return self.level

    def irq(self, on_edge: Callable[[Any], None], edges: int) -> None:
        assert edges == self.IRQ_RISING | self.IRQ_FALLING
        self.on_edge = on_edge


class PWM:
    def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
        self.pin = pin
        self.freq = freq
        self.duties = [duty_u16]

    def duty_u16(self, duty: int) -> None:
        self.duties.append(duty)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Any:
    machine = ModuleType("machine")
    machine.Pin, machine.PWM, machine.RTC = Pin, PWM, None  # type: ignore[attr-defined]  # a module for this test
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setattr(asyncio, "ThreadSafeFlag", asyncio.Event, raising=False)
    monkeypatch.delitem(sys.modules, "lamp.board", raising=False)
    module = importlib.import_module("lamp.board")
    monkeypatch.setattr(module, "now_ms", lambda: CLOCK[0])
    CLOCK[0] = 0
    return module.Board(25, 9, Memory(), 0)


def test_lamp_that_shines_on_low_is_never_the_wrong_way_round(board: Any) -> None:
    low = type(board)(8, 9, Memory(), 1)
    assert low._pwm.duties == [65_535 - DIM]
    for shown in ((True, 255), (False, 255)):
        low.shine(shown)
    assert low._pwm.duties[1:] == [0, 65_535]
    touch(low, 100, 0)
    assert low._pwm.duties[3:] == [65_535]


def test_lamp_shines_as_it_was_from_the_first_moment(board: Any) -> None:
    assert board._pwm.pin.number == 25
    assert board._pwm.duties == [DIM]
    board.shine((True, 255))
    assert board._pwm.duties == [DIM, 65_535]


def test_lamp_keeps_14_bits_at_a_frequency_nobody_sees(board: Any) -> None:
    assert 1_250 < board._pwm.freq <= 80_000_000 // 2**14


def test_button_closes_to_ground(board: Any) -> None:
    assert (board._button.number, board._button.setup) == (9, (Pin.IN, Pin.PULL_UP))
    assert not board.is_button_down()
    board._button.level = 0
    assert board.is_button_down()


async def test_edge_of_the_button_wakes_who_waits_for_it(board: Any) -> None:
    board.connect()
    waiting = asyncio.create_task(board.edge.wait())
    board._button.on_edge(board._button)
    async with asyncio.timeout(5):
        await waiting
    assert board._pwm.duties == [DIM]  # from then on somebody else decides


async def test_who_waits_for_an_edge_can_be_woken(board: Any) -> None:
    board.connect()
    board.edge.set()
    async with asyncio.timeout(5):
        await board.edge.wait()


def touch(board: Any, now: int, *levels: int) -> None:
    """The contact comes to each of these levels at `now`."""
    CLOCK[0] = now
    for level in levels:
        board._button.level = level
        board._button.on_edge(board._button)


def test_button_switches_by_itself_until_somebody_waits_for_it(board: Any) -> None:
    touch(board, 0, 0, 1, 0)
    assert (board._pwm.duties, board.memory.output[0]) == ([DIM, 0], False)
    touch(board, 100, 1, 0, 1)
    touch(board, 110, 0, 1)  # it still bounces
    assert board._pwm.duties == [DIM, 0]
    touch(board, 200, 0)
    assert (board._pwm.duties, board.memory.output[0]) == ([DIM, 0, DIM], True)


def test_press_that_is_over_when_it_is_heard_counts_once(board: Any) -> None:
    board._button.level = 1
    CLOCK[0] = 500
    for _ in range(4):
        board._button.on_edge(board._button)
    assert board._pwm.duties == [DIM, 0]
    touch(board, 1_000, 0)
    assert board._pwm.duties == [DIM, 0, DIM]


async def test_pin_that_cannot_be_used_stops_the_other_not(board: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("invalid pin")

    module = importlib.import_module("lamp.board")
    monkeypatch.setattr(module, "PWM", broken)
    dark = module.Board(25, 9, Memory(), 0)
    touch(dark, 100, 0)
    assert not dark.memory.output[0]
    assert str(dark.error) == "invalid pin"
