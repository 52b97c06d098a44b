import pytest

from presslight.cloud.core.deadline import NEVER, deadline
from presslight.cloud.core.light import Light
from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from presslight.contract.words import MAX_UP_MS
from tests.cloud.ports import BOOT, S, ask, moment, report

NOW = 1_000 * S


def light(*, live: bool = True, up: int = 1_000) -> Light:
    return Light(report(up=up), NOW, online=True, live=live)


def test_patience_is_counted_from_what_is_proven_of_the_lights_clock() -> None:
    assert deadline(ask(patience_ms=500), light(), NOW + S) == moment(1_000 + 999 + 500)


def test_deadline_of_the_phone_is_taken_as_it_is() -> None:
    assert deadline(ask(not_after=moment(1_500)), light(), NOW) == moment(1_500)
    assert deadline(ask(not_after=moment(1_500)), None, NOW) == moment(1_500)


def test_deadline_further_ahead_than_any_patience_is_invalid() -> None:
    assert deadline(ask(not_after=moment(21_000)), light(), NOW) == moment(21_000)
    with pytest.raises(Refusal) as refused:
        deadline(ask(not_after=moment(21_001)), light(), NOW)
    assert refused.value.code is ErrorCode.INVALID


def test_clock_that_is_not_known_well_judges_no_deadline() -> None:
    far = moment(10**9)
    assert deadline(ask(not_after=far), light(live=False), NOW) == far
    assert deadline(ask(not_after=moment(10**9, "0000beef")), light(), NOW) == moment(10**9, "0000beef")


def test_press_without_light_and_deadline_never_acts() -> None:
    assert deadline(ask(), None, NOW) == NEVER
    assert NEVER.boot != BOOT


def test_deadline_stays_on_the_wire_at_the_end_of_a_very_long_boot() -> None:
    assert deadline(ask(), light(up=MAX_UP_MS), NOW) == moment(MAX_UP_MS)
