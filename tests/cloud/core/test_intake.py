from itertools import count
from typing import Any

import pytest

from presslight.cloud.core.deadline import QUIET_NS
from presslight.cloud.core.intake import Intake
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from tests.cloud.ports import ASKS_AS, BOOT, S, ask, key, moment, nobody, report

NOW = 1_000 * S
TEXT = b"a digest" * 4


class Presses:
    """An intake, and the kitchen's light heard now at 1,000 ms of its clock."""

    def __init__(self) -> None:
        self.lights = Lights(nobody, ASKS_AS)
        self.lights.on_report("kitchen", report(up=1_000), NOW, live=True)
        numbers = count(100)
        self.intake = Intake(self.lights, OpenPresses(10, 10), lambda: f"{next(numbers):016x}")

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
    presses = Presses()
    assert presses.take().order.key == key()
    keys = [presses.take(key="", text=TEXT, phone=phone).order.key for phone in ("ann", "ann", "bob")]
    assert keys == [key(1, f"{100:016x}"), key(2, f"{100:016x}"), key(1, f"{101:016x}")]


def test_key_that_a_refused_text_was_given_is_the_next_ones() -> None:
    presses = Presses()
    presses.fill()
    assert presses.refuses(key="", text=TEXT) is ErrorCode.RATE_LIMITED
    assert presses.take(NOW + 3 * S, key="", text=TEXT).order.key == key(1, f"{100:016x}")
    again, _ = presses.intake.press(ask(key="", text=TEXT), NOW + 3 * S, broker=True)
    presses.intake.on_known(ask(key="", text=TEXT), again.order.key)
    assert presses.take(NOW + 3 * S, key="", text=TEXT).order.key == key(2, f"{100:016x}")


def test_place_is_held_until_the_deadline_has_surely_passed() -> None:
    presses = Presses()
    presses.fill(not_after=moment(3_000))
    assert presses.refuses(NOW + 2 * S) is ErrorCode.RATE_LIMITED
    presses.take(NOW + 2 * S + 5 * S // 1_000)


@pytest.mark.parametrize("boot", ["00000002", BOOT])
def test_place_in_a_boot_that_is_not_known_is_held_as_long_as_a_light_takes_deadlines(boot: str) -> None:
    presses = Presses()
    if boot == BOOT:
        presses.lights.forget("kitchen")
        presses.intake = Intake(presses.lights, OpenPresses(10, 10), lambda: "")
        for number in range(4):
            press, _ = presses.intake.press(
                ask(key=key(1, f"{number:016x}"), not_after=moment(3_000)), NOW, broker=False
            )
            presses.intake.on_sent(press.order, NOW)
        presses.lights.on_report("kitchen", report(up=1_000), NOW, live=True)
    else:
        presses.fill(not_after=moment(3_000, boot))
    assert presses.refuses(NOW + QUIET_NS - 1) is ErrorCode.RATE_LIMITED
    presses.take(NOW + QUIET_NS)


def test_press_is_refused_where_there_is_no_light_or_no_room() -> None:
    presses = Presses()
    assert presses.refuses(light="cellar") is ErrorCode.UNKNOWN_LIGHT
    presses.intake = Intake(presses.lights, OpenPresses(0, 0), lambda: "")
    assert presses.refuses() is ErrorCode.OVERLOADED


@pytest.mark.parametrize("text", [None, TEXT])
def test_press_is_dated_where_key_and_deadline_are_the_phones(text: bytes | None) -> None:
    press = ask(key="" if text else key(), not_after=moment(3_000), text=text)
    _, asked = Presses().intake.press(press, NOW, broker=True)
    assert asked.dated == (text is None)
    assert not ask().is_dated
