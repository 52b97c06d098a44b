from itertools import count
from typing import Any

import pytest

from presslight.cloud.core.intake import QUIET_NS, Intake
from presslight.cloud.core.lights import House
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from tests.cloud.ports import ASKS_AS, BOOT, S, ask, key, moment, nobody, report

NOW = 1_000 * S
TEXT = b"a digest" * 4


class Desk:
    """An intake, and the kitchen's light heard now at 1,000 ms of its clock."""

    def __init__(self) -> None:
        self.house = House(nobody, ASKS_AS)
        self.house.fold_report("kitchen", report(up=1_000), NOW, live=True)
        numbers = count(100)
        self.intake = Intake(self.house, OpenPresses(10, 10), lambda: f"{next(numbers):016x}")

    def take(self, now: int = NOW, number: int = 1, **more: Any) -> Press:
        press, _ = self.intake.press(ask(number, **more), now, broker=True)
        self.intake.on_sent(press.order, now)
        return press

    def refuses(self, now: int = NOW, **more: Any) -> ErrorCode:
        with pytest.raises(Refusal) as refused:
            self.take(now, **more)
        return refused.value.code

    def fill(self, **more: Any) -> None:
        for number in range(4):
            self.take(key=key(1, f"{number:016x}"), **more)


def test_press_has_its_own_key_or_the_next_of_its_texts() -> None:
    desk = Desk()
    assert desk.take().order.key == key()
    keys = [desk.take(key="", text=TEXT, phone=phone).order.key for phone in ("ann", "ann", "bob")]
    assert keys == [key(1, f"{100:016x}"), key(2, f"{100:016x}"), key(1, f"{101:016x}")]


def test_key_that_a_refused_text_was_given_is_the_next_ones() -> None:
    desk = Desk()
    desk.fill()
    assert desk.refuses(key="", text=TEXT) is ErrorCode.RATE_LIMITED
    assert desk.take(NOW + 3 * S, key="", text=TEXT).order.key == key(1, f"{100:016x}")
    again, _ = desk.intake.press(ask(key="", text=TEXT), NOW + 3 * S, broker=True)
    desk.intake.on_known(ask(key="", text=TEXT), again.order.key)
    assert desk.take(NOW + 3 * S, key="", text=TEXT).order.key == key(2, f"{100:016x}")


def test_place_is_held_until_the_deadline_has_surely_passed() -> None:
    desk = Desk()
    desk.fill(not_after=moment(3_000))
    assert desk.refuses(NOW + 2 * S) is ErrorCode.RATE_LIMITED
    desk.take(NOW + 2 * S + 5 * S // 1_000)


@pytest.mark.parametrize("boot", ["00000002", BOOT])
def test_place_in_a_boot_that_is_not_known_is_held_as_long_as_a_light_takes_deadlines(boot: str) -> None:
    desk = Desk()
    if boot == BOOT:
        desk.house.forget("kitchen")
        desk.intake = Intake(desk.house, OpenPresses(10, 10), lambda: "")
        for number in range(4):
            press, _ = desk.intake.press(ask(key=key(1, f"{number:016x}"), not_after=moment(3_000)), NOW, broker=False)
            desk.intake.on_sent(press.order, NOW)
        desk.house.fold_report("kitchen", report(up=1_000), NOW, live=True)
    else:
        desk.fill(not_after=moment(3_000, boot))
    assert desk.refuses(NOW + QUIET_NS - 1) is ErrorCode.RATE_LIMITED
    desk.take(NOW + QUIET_NS)


def test_press_is_refused_where_there_is_no_light_or_no_room() -> None:
    desk = Desk()
    assert desk.refuses(light="cellar") is ErrorCode.UNKNOWN_LIGHT
    desk.intake = Intake(desk.house, OpenPresses(0, 0), lambda: "")
    assert desk.refuses() is ErrorCode.OVERLOADED


@pytest.mark.parametrize("text", [None, TEXT])
def test_press_is_dated_where_key_and_deadline_are_the_phones(text: bytes | None) -> None:
    press = ask(key="" if text else key(), not_after=moment(3_000), text=text)
    _, asked = Desk().intake.press(press, NOW, broker=True)
    assert asked.dated == (text is None)
    assert not ask().is_dated
