"""The board's wiring, with pins that a test plays; the simulated light has the rest."""

import asyncio
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


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
    machine.Pin, machine.PWM = Pin, PWM  # type: ignore[attr-defined]  # a module for this test
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setattr(asyncio, "ThreadSafeFlag", asyncio.Event, raising=False)
    monkeypatch.delitem(sys.modules, "lamp.board", raising=False)
    return importlib.import_module("lamp.board").Board(25, 9, 1_234)


def test_lamp_shines_as_it_was_from_the_first_moment(board: Any) -> None:
    assert board._pwm.pin.number == 25
    assert board._pwm.duties == [1_234]
    board.shine(65_535)
    assert board._pwm.duties == [1_234, 65_535]


def test_lamp_keeps_14_bits_at_a_frequency_nobody_sees(board: Any) -> None:
    assert 1_250 < board._pwm.freq <= 80_000_000 // 2**14


def test_button_closes_to_ground(board: Any) -> None:
    assert (board._button.number, board._button.setup) == (9, (Pin.IN, Pin.PULL_UP))
    assert not board.is_button_down()
    board._button.level = 0
    assert board.is_button_down()


async def test_edge_of_the_button_wakes_who_waits_for_it(board: Any) -> None:
    waiting = asyncio.create_task(board.edge())
    board._button.on_edge(board._button)
    async with asyncio.timeout(5):
        await waiting
