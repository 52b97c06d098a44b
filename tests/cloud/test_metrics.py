import logging

import pytest

from cloud.events import Asked, Decided
from cloud.house import Folded, Kind
from cloud.legs import Stamps
from cloud.metrics import Metrics
from cloud.press import Press
from cloud.watch import Watch
from contract.errors import ErrorCode
from contract.words import Outcome
from tests.cloud.ports import MS
from tests.cloud.test_press import ORDER


@pytest.fixture
def watch() -> Watch:
    return Watch(Metrics())


def shows(watch: Watch, line: str) -> bool:
    return line in watch.metrics.text().decode().splitlines()


def pressed(outcome: str, *, measured: bool = True) -> Press:
    press = Press(ORDER, followed=True, stamps=Stamps(0, before_us=5_000) if measured else None)
    press.on_event(Asked(broker=True, light=True), 0)
    press.on_event(Decided(Outcome(outcome), (1, 1), 1_000), 9 * MS)
    return press


def test_applied_press_is_measured_leg_by_leg(watch: Watch) -> None:
    watch.said(pressed("applied"))
    assert shows(watch, "press_to_light_seconds_count 1.0")
    assert shows(watch, "press_to_light_seconds_sum 0.01")
    assert shows(watch, 'press_leg_seconds_sum{leg="bridge"} 0.009')
    assert shows(watch, 'press_leg_seconds_sum{leg="light"} 0.001')
    assert shows(watch, 'press_leg_seconds_sum{leg="travel"} 0.008')
    assert shows(watch, 'press_leg_seconds_count{leg="ack"} 0.0')
    assert shows(watch, 'presslight_words_total{reason="",word="applied"} 1.0')


@pytest.mark.parametrize("press", [pressed("late"), pressed("applied", measured=False)])
def test_press_that_was_not_seen_through_is_not_measured(watch: Watch, press: Press) -> None:
    watch.said(press)
    assert shows(watch, "press_to_light_seconds_count 0.0")


def test_shown_is_the_journeys_outermost_stamp(watch: Watch) -> None:
    watch.shown(20, 9_000)
    assert shows(watch, "press_to_confirmation_seconds_sum 0.02")
    assert shows(watch, 'press_leg_seconds_sum{leg="phone"} 0.011')
    watch.shown(5, 9_000)
    assert shows(watch, 'press_leg_seconds_sum{leg="phone"} 0.011')


def test_everything_that_goes_wrong_is_counted(watch: Watch) -> None:
    watch.error(ErrorCode.RATE_LIMITED, "ann", "key", "detail")
    watch.bad_message("topic", "malformed", "detail")
    watch.folded("kitchen", Folded(Kind.STALE))
    watch.folded("kitchen", Folded(Kind.NEWS, missed=True))
    watch.folded("kitchen", Folded(Kind.NEWS, missed=True, began=True, over="0000beef"))
    watch.mistake("topic", RuntimeError("x"))
    watch.store_trouble(RuntimeError("x"))
    watch.broker(found=False, cause="silent", detail="")
    watch.broker(found=True, cause="", detail="")
    assert shows(watch, 'presslight_errors_total{code="rate_limited"} 1.0')
    assert shows(watch, 'presslight_bad_mqtt_messages_total{cause="malformed"} 1.0')
    assert shows(watch, 'presslight_reports_total{kind="stale"} 1.0')
    assert shows(watch, 'presslight_reports_total{kind="news"} 2.0')
    assert shows(watch, "presslight_report_gaps_total 1.0")
    for kind in ("mistake", "store", "broker_silent"):
        assert shows(watch, f'presslight_troubles_total{{kind="{kind}"}} 1.0')


def test_gauges_show_what_is_now(watch: Watch) -> None:
    open_presses = 3
    watch.metrics.gauge("open_presses", "Open.", lambda: open_presses)
    assert shows(watch, "presslight_open_presses 3.0")
    open_presses = 4
    assert shows(watch, "presslight_open_presses 4.0")


def test_every_line_about_a_press_carries_its_key(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "presslight.bridge"):
        watch.said(pressed("applied"))
        watch.said(pressed("late"))
    assert [(record.levelname, getattr(record, "word", "")) for record in caplog.records] == [
        ("DEBUG", "applied"),
        ("INFO", "refused"),
    ]
    assert {getattr(record, "key", "") for record in caplog.records} == {ORDER.key}


def test_broker_that_stays_away_is_logged_once_and_counted_each_time(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "presslight.bridge"):
        for _ in range(3):
            watch.broker(found=False, cause="lost", detail="Connection refused")
        watch.broker(found=False, cause="refused", detail="Not authorized")
        for _ in range(3):
            watch.broker(found=True, cause="", detail="")
    assert [(record.message, getattr(record, "cause", "")) for record in caplog.records] == [
        ("broker away", "lost"),
        ("broker away", "refused"),
        ("broker found", ""),
    ]
    assert shows(watch, 'presslight_troubles_total{kind="broker_lost"} 3.0')
