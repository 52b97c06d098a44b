"""What a light proves against what is known of it: pure rules, and properties over any order of reports."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presslight.cloud.core.lights import Lights
from presslight.cloud.core.report_effect import Kind, ReportEffect
from presslight.contract.mqtt import Report, decode_set
from presslight.contract.phone import MAX_LIGHTS, Have
from presslight.contract.words import MAX_SMALL, MAX_UP_MS
from tests.cloud.ports import ASKS_AS, BOOT, S, nobody, report

NOW = 1_000 * S
OTHER = "0badb007"
TOP = (MAX_SMALL, MAX_SMALL)


class Heard:
    """A house that hears of one light, at a time that each report names."""

    def __init__(self, first: Report | None = None, *, live: bool = True) -> None:
        self.house = Lights(nobody, ASKS_AS)
        self.hear(first or report(epoch=7), live=live)

    @property
    def shown(self) -> tuple[str, tuple[int, int], int]:
        view = self.house.view("kitchen", NOW + 1_000 * S)
        return view.boot, view.version, view.line or 0

    def hear(self, said: Report, s: float = 0, *, live: bool = True) -> ReportEffect:
        return self.house.on_report("kitchen", said, NOW + int(s * S), live=live)

    def ask(self, s: float = 0) -> tuple[str, str]:
        """Ask the light; what it answers."""
        key = decode_set(self.house.question("kitchen", NOW + int(s * S))).key
        assert key is not None
        return key, "rebooted"


def lie(boot: str = OTHER, **more: Any) -> Report:
    made: dict[str, Any] = {"version": TOP, "up": 5, "state": "OFF"}
    return report(boot=boot, **made | more)


LIES = [lie(), lie(up=MAX_UP_MS), lie(BOOT, up=MAX_UP_MS, decided=MAX_SMALL), lie(BOOT, up=1_000),
        lie(BOOT, version=(7, 1), up=1_001), lie(BOOT, version=(7, 0), up=MAX_UP_MS),
        lie(BOOT, version=(7, 0), up=1_001, decided=MAX_SMALL)]  # fmt: skip


@pytest.mark.parametrize("false", LIES)
@pytest.mark.parametrize("kept", [False, True])
def test_light_that_answers_is_believed_whatever_was_said_in_its_name(false: Report, kept: bool) -> None:
    heard = Heard(false, live=False) if kept else Heard()
    heard.hear(false)
    honest: dict[str, Any] = {"epoch": 7, "up": 4_000}
    assert heard.hear(report(**honest), 3).doubt
    answer = heard.ask(3)
    effect = heard.hear(report(answer, version=(7, 0), **honest), 3.1)

    assert (effect.kind, effect.tell, effect.anew, effect.missed) == (Kind.NEWS, True, True, True)
    assert effect.over == (None if false.boot == BOOT else OTHER)
    assert heard.shown == (BOOT, (7, 0), 1)
    assert heard.house.by_name["kitchen"].online
    assert heard.house.by_name["kitchen"].bound.at(NOW + 3 * S) == 4_000
    assert not heard.hear(report(answer, version=(7, 0), **honest), 3.2).anew


def test_light_with_an_emptied_flash_is_believed_once_it_answers() -> None:
    heard = Heard()
    emptied: dict[str, Any] = {"boot": "0000beef", "epoch": 1}
    assert heard.hear(report(**emptied), live=False) == ReportEffect(Kind.STALE)
    assert heard.hear(report(**emptied), 1) == ReportEffect(Kind.STALE, doubt=True)
    effect = heard.hear(report(heard.ask(1), **emptied), 1.1)
    assert (effect.kind, effect.over, effect.anew, effect.shared) == (Kind.NEWS, BOOT, True, False)


def test_reboot_is_no_new_line() -> None:
    heard = Heard()
    effect = heard.hear(report(heard.ask(), boot="0000beef", epoch=8))
    assert (effect.began, effect.anew, heard.shown) == (True, False, ("0000beef", (8, 1), 0))


def test_answer_that_is_overtaken_by_what_came_after_it_proves_nothing() -> None:
    heard = Heard()
    answer = heard.ask()
    heard.hear(report(answer, ("0123456789abcdef-1", "applied"), epoch=7, up=1_200))
    effect = heard.hear(report(answer, epoch=7, version=(7, 0), up=1_100))
    assert (effect.anew, effect.doubt, heard.shown) == (False, True, (BOOT, (7, 2), 0))


def test_answer_of_a_boot_that_is_over_proves_nothing() -> None:
    heard = Heard()
    answer = heard.ask()
    heard.hear(report(boot="0000beef", epoch=8))
    assert heard.hear(report(answer, epoch=7, up=1_100), 1).kind is Kind.STALE


def test_answer_that_the_broker_had_kept_proves_nothing() -> None:
    heard = Heard()
    answer = heard.ask()
    assert heard.hear(report(answer, boot="0000beef"), live=False) == ReportEffect(Kind.STALE)


def test_usual_reports_raise_no_doubt() -> None:
    heard = Heard()
    for beat in range(1, 10):
        assert not heard.hear(report(epoch=7, up=1_000 + 9_995 * beat), 10 * beat).doubt
    assert heard.hear(report(epoch=7, up=80_000), 100).doubt


def test_light_is_asked_at_most_every_quarter_of_a_second_and_no_sooner_than_it_had_time_to_answer() -> None:
    heard = Heard()
    question = heard.house.by_name["kitchen"].pending_probe
    assert question.is_due(NOW)
    heard.ask()
    assert [question.is_due(NOW + int(s * S)) for s in (0, 1, 4.9, 5)] == [False, False, False, True]
    question.drop()
    assert [question.is_due(NOW + int(s * S)) for s in (0, 0.2, 0.25)] == [False, False, True]


def claim(heard: Heard, version: tuple[int, int], s: float = 0) -> list[str]:
    return heard.house.on_shown_versions({"kitchen": Have(version=version, online=True)}, NOW + int(s * S))


def test_version_that_a_phone_shows_is_false_if_the_light_answers_an_older_one() -> None:
    heard = Heard()
    answer = heard.ask()
    assert (claim(heard, (7, 0)), claim(heard, TOP)) == ([], ["kitchen"])
    assert not heard.hear(report(answer, epoch=7, version=(7, 0), up=1_100), 0.1).anew  # asked before the phone came
    effect = heard.hear(report(heard.ask(0.1), epoch=7, version=(7, 0), up=1_200), 0.2)
    assert (effect.anew, effect.missed, effect.tell, heard.shown) == (True, False, True, (BOOT, (7, 0), 1))


def test_version_that_a_phone_shows_is_true_if_the_light_comes_to_it() -> None:
    heard = Heard()
    claim(heard, (7, 1))
    effect = heard.hear(report(heard.ask(), epoch=7, up=1_100), 0.1)
    assert (effect.anew, effect.doubt) == (False, False)


def test_phone_that_shows_what_is_false_again_and_again_is_heeded_every_five_seconds() -> None:
    heard, begun = Heard(), 0
    for tenth in range(100):
        asked = claim(heard, TOP, tenth / 10)
        if asked or heard.house.to_ask(NOW + tenth * S // 10):
            answer = heard.ask(tenth / 10)
            begun += heard.hear(report(answer, epoch=7, up=1_000 + tenth * 100), tenth / 10).anew
    assert (begun, heard.shown[2]) == (2, 2)


def test_phone_that_shows_what_is_false_spoils_no_question_that_is_under_way() -> None:
    heard = Heard()
    heard.hear(lie(version=(8, 0)), 1)
    answer = heard.ask(2)
    assert claim(heard, TOP, 2.1) == ["kitchen"]
    effect = heard.hear(report(answer, epoch=7, up=3_000), 2.2)
    assert (effect.anew, effect.doubt, heard.shown) == (True, False, (BOOT, (7, 1), 1))


def test_version_that_a_phone_shows_of_a_light_that_is_not_known_is_remembered_with_the_newest_others() -> None:
    heard = Heard()
    for number in range(2 * MAX_LIGHTS):
        heard.house.on_shown_versions({f"light-{number}": Have(version=TOP, online=True)}, NOW)
    assert len(heard.house._shown_versions) == MAX_LIGHTS
    assert not heard.house.on_report("light-0", report(), NOW, live=True).doubt
    assert heard.house.on_report(f"light-{2 * MAX_LIGHTS - 1}", report(), NOW, live=True).doubt


def test_two_devices_of_one_name_are_seen_until_one_is_silent_for_a_minute() -> None:
    heard = Heard()
    light = heard.house.by_name["kitchen"]
    second: dict[str, Any] = {"boot": OTHER, "epoch": 9}
    assert not heard.hear(report(**second), 1).shared
    assert heard.hear(report(heard.ask(2), epoch=7, up=3_000), 2.1).shared
    assert heard.hear(report(up=2_000, **second), 3).shared  # of the higher epoch: it need not be asked
    assert (light.swaps, light.line, heard.house.view("kitchen", NOW + 4 * S).shared) == (2, 1, True)
    assert heard.house.part(NOW + 62 * S) == []
    assert heard.house.part(NOW + 63 * S) == ["kitchen"]
    assert (heard.house.part(NOW + 64 * S), heard.house.view("kitchen", NOW + 64 * S).shared) == ([], None)


def test_light_that_says_that_it_is_degraded_is_shown_so_until_it_says_otherwise() -> None:
    heard = Heard()
    told = []
    for second, degraded in enumerate(["", "flash", "flash", "", "flash"], 1):
        effect = heard.hear(report(epoch=7, up=1_000 * second).model_copy(update={"degraded": degraded}), second)
        told.append((effect.tell, effect.degraded, heard.house.view("kitchen", NOW + second * S).degraded))
    assert told[1:] == [(True, "flash", True), (False, "", True), (True, "", None), (True, "flash", True)]
    again = heard.hear(report(boot=OTHER, epoch=8).model_copy(update={"degraded": "flash"}), 6)
    assert (again.began, again.degraded) == (True, "flash")


@dataclass
class Device:
    """An honest light: one boot after another, each report made of what is so, and how it was then."""

    epoch: int = 1
    seq: int = 0
    up: int = 1_000
    answers: list[str] = field(default_factory=list)

    def reboot(self) -> None:
        self.epoch, self.seq, self.up, self.answers = self.epoch + 1, 0, 0, []

    def report(self) -> Report:
        newest = [(key, "rebooted") for key in self.answers[-8:]]
        boot = f"{self.epoch:08x}"
        return report(*newest, boot=boot, version=(self.epoch, self.seq), up=self.up, decided=len(self.answers))


STEPS = st.lists(
    st.sampled_from(["change", "reboot", "wait", "report", "report", "ask", "answer", "hear", "hear"])
    | st.tuples(st.just("lie"), st.sampled_from([lie(), lie("00000001"), lie("00000001", up=MAX_UP_MS)])),
    max_size=60,
)


class Play:
    """A device, a house, and between them questions and reports that arrive in any order, more than once or never."""

    def __init__(self, data: st.DataObject) -> None:
        self.device = Device()
        self.heard = Heard(self.device.report())
        self._data = data
        self._made: list[Report] = []
        self._asked: list[str] = []
        self.now = 0.0
        self.results: list[ReportEffect] = []

    def do(self, step: str | tuple[str, Report]) -> None:
        device = self.device
        if isinstance(step, tuple):
            self.heard.hear(step[1], self.now)
        elif step == "change":
            device.seq += 1
        elif step == "reboot":
            device.reboot()
        elif step == "wait":
            self.now += 1
            device.up += 1_000
        elif step == "report":
            self._made.append(device.report())
        elif step == "ask":
            self._asked.append(self.heard.ask(self.now)[0])
        elif step == "answer" and self._asked:
            device.answers.append(self._data.draw(st.sampled_from(self._asked)))
            self._made.append(device.report())
        elif step == "hear" and self._made:
            self.results.append(self.heard.hear(self._data.draw(st.sampled_from(self._made)), self.now))


@settings(max_examples=50)
@given(STEPS.map(lambda steps: [step for step in steps if isinstance(step, str)]), st.data())
def test_no_order_of_an_honest_lights_reports_begins_a_line_or_goes_back(steps: list[str], data: st.DataObject) -> None:
    play = Play(data)
    before = play.heard.shown
    for step in steps:
        play.do(step)
        assert play.heard.shown[1:] >= before[1:]
        before = play.heard.shown
    assert not any(effect.anew or effect.shared for effect in play.results)


@settings(max_examples=50)
@given(STEPS, st.data())
def test_light_that_answers_last_is_what_is_shown(steps: list[str | tuple[str, Report]], data: st.DataObject) -> None:
    play = Play(data)
    for step in steps:
        play.do(step)
    device = play.device
    device.answers.append(play.heard.ask(play.now)[0])
    play.heard.hear(device.report(), play.now)
    assert play.heard.shown[:2] == (f"{device.epoch:08x}", (device.epoch, device.seq))
    assert play.heard.house.by_name["kitchen"].bound.at(NOW + int(play.now * S)) == device.up
