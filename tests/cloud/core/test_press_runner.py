from typing import Any

import pytest

from presslight.cloud.core.deadline import QUIET_NS
from presslight.cloud.core.events import AskedAgain, BrokerFound, Decided
from presslight.cloud.core.intake import Intake
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.core.press_runner import PressRunner
from presslight.contract.words import Outcome
from tests.cloud.ports import (
    ASKS_AS,
    Defects,
    LightPublisher,
    Listener,
    PressStore,
    S,
    ask,
    key,
    moment,
    nobody,
    report,
)

NOW = 1_000 * S
APPLIED = Decided(Outcome.APPLIED, (1, 7), 100)


class Runner:
    """A runner with its ports, and the kitchen's light heard now at 1,000 ms of its clock."""

    def __init__(self) -> None:
        self.lights = Lights(nobody, ASKS_AS)
        self.lights.on_report("kitchen", report(up=1_000), NOW, live=True)
        self.open = OpenPresses(10, 10)
        self.store, self.publisher, self.observer = PressStore(), LightPublisher(), Defects()
        self.alarms: list[int] = []
        self.runner = PressRunner(self.lights, self.open, self.store, self.publisher, self.observer, self.alarms.append)
        self.runner.on_broker(found=True)
        self.listener = Listener()

    def press(self, number: int = 1, **more: Any) -> Press:
        intake = Intake(self.lights, self.open, lambda: ASKS_AS)
        press, asked = intake.press(ask(number, **more), NOW, broker=True)
        self.runner.feed(press, asked, NOW, self.listener)
        return press


def test_press_is_stored_held_published_and_told_once() -> None:
    runner = Runner()
    press = runner.press(not_after=moment(3_000))
    assert list(runner.store.records) == [key()]
    assert runner.publisher.sent == [("kitchen", key())]
    assert runner.listener.words == runner.observer.words == ["accepted"]
    assert runner.open.get(key()) is press


def test_who_asks_again_hears_a_reply_that_no_other_listener_hears() -> None:
    runner, other = Runner(), Listener()
    press = runner.press(not_after=moment(3_000))
    runner.runner.listen(press, other)
    runner.runner.feed(press, AskedAgain(), NOW, other)
    assert (runner.listener.words, other.words) == (["accepted"], ["accepted"])
    assert runner.observer.words == ["accepted"]


def test_final_status_is_told_and_stored_and_the_press_let_go() -> None:
    runner = Runner()
    press = runner.press(not_after=moment(3_000))
    runner.runner.feed(press, APPLIED, NOW)
    assert runner.listener.last == runner.store.records[key()].status == "applied"
    assert len(runner.open) == 0


def test_nothing_is_published_while_the_broker_is_away() -> None:
    runner = Runner()
    press = runner.press(not_after=moment(3_000))
    runner.runner.on_broker(found=False)
    runner.runner.feed(press, BrokerFound(), NOW)
    assert len(runner.publisher.sent) == 1


def test_deadline_is_waited_for_on_the_lights_clock() -> None:
    runner = Runner()
    runner.press(not_after=moment(3_000))
    (at,) = runner.alarms
    assert NOW + 2 * S < at < NOW + 2.1 * S
    runner.runner.on_time(at)
    assert runner.listener.last == "unconfirmed"


def test_press_that_fails_at_its_deadline_leaves_the_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    for number in (1, 2):
        runner.press(number, not_after=moment(3_000))
    real = runner.publisher.publish

    def publish(light: str, message: bytes, pressed: str) -> int | None:
        return 1 // 0 if pressed == key(1) else real(light, message, pressed)

    monkeypatch.setattr(runner.publisher, "publish", publish)
    runner.runner.on_time(NOW + 3 * S)
    assert runner.listener.words == ["accepted", "accepted", "unconfirmed"]
    assert runner.observer.defects == [key(1)]


def test_press_on_a_light_that_is_no_more_is_forgotten_after_its_deadline_at_the_latest() -> None:
    runner = Runner()
    runner.press(not_after=moment(3_000))
    runner.lights.forget("kitchen")
    runner.runner.forget_light("kitchen", NOW)
    runner.runner.on_time(NOW + QUIET_NS)
    assert runner.listener.last == "forgotten"


def test_press_that_is_unconfirmed_when_its_light_goes_is_forgotten_at_once() -> None:
    runner = Runner()
    runner.press(not_after=moment(3_000))
    runner.runner.on_time(NOW + 3 * S)
    runner.lights.forget("kitchen")
    runner.runner.forget_light("kitchen", NOW + 3 * S)
    assert runner.listener.last == "forgotten"


def test_press_whose_publishing_fails_is_held_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(runner.publisher, "publish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runner.press(not_after=moment(3_000))
    assert runner.open.get(key()) is not None


def test_listener_that_fails_keeps_no_other_from_being_told_and_no_press_open(monkeypatch: pytest.MonkeyPatch) -> None:
    runner, other = Runner(), Listener()
    press = runner.press(not_after=moment(3_000))
    runner.runner.listen(press, other)
    monkeypatch.setattr(runner.listener, "on_outcome", lambda *_: 1 / 0)
    runner.runner.feed(press, APPLIED, NOW)
    assert (other.last, len(runner.open), runner.observer.defects) == ("applied", 0, [key()])
