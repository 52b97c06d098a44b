import logging

import pytest

from presslight.cloud.core.report_effect import Kind, ReportEffect
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.observer import BridgeObserver
from presslight.contract.errors import ErrorCode
from tests.cloud.core.test_press import ORDER
from tests.cloud.telemetry.test_metrics import pressed, shows


@pytest.fixture
def observer() -> BridgeObserver:
    return BridgeObserver(Metrics())


def test_everything_that_goes_wrong_is_counted(observer: BridgeObserver) -> None:
    observer.on_error_sent(ErrorCode.RATE_LIMITED, "ann", "key", "detail")
    observer.bad_message("topic", "malformed", "detail")
    observer.on_report("kitchen", ReportEffect(Kind.STALE))
    observer.on_report("kitchen", ReportEffect(Kind.NEWS, missed=True))
    observer.on_report("kitchen", ReportEffect(Kind.NEWS, missed=True, began=True, over="0000beef"))
    observer.on_defect("topic", RuntimeError("x"))
    observer.store_trouble(RuntimeError("x"))
    observer.broker(found=False, cause="silent", detail="")
    observer.broker(found=True, cause="", detail="")
    assert shows(observer, 'presslight_errors_total{code="rate_limited"} 1.0')
    assert shows(observer, 'presslight_bad_mqtt_messages_total{cause="malformed"} 1.0')
    assert shows(observer, 'presslight_reports_total{kind="stale"} 1.0')
    assert shows(observer, 'presslight_reports_total{kind="news"} 2.0')
    assert shows(observer, "presslight_report_gaps_total 1.0")
    for kind in ("defect", "store", "broker_silent"):
        assert shows(observer, f'presslight_troubles_total{{kind="{kind}"}} 1.0')


def test_every_line_about_a_press_carries_its_key(observer: BridgeObserver, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "presslight.bridge"):
        observer.on_status(pressed("applied"))
        observer.on_status(pressed("late"))
    assert [(record.levelname, getattr(record, "status", "")) for record in caplog.records] == [
        ("DEBUG", "applied"),
        ("INFO", "refused"),
    ]
    assert {getattr(record, "key", "") for record in caplog.records} == {ORDER.key}


def test_broker_that_stays_away_is_logged_once_and_counted_each_time(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "presslight.bridge"):
        for _ in range(3):
            observer.broker(found=False, cause="lost", detail="Connection refused")
        observer.broker(found=False, cause="refused", detail="Not authorized")
        for _ in range(3):
            observer.broker(found=True, cause="", detail="")
    assert [(record.message, getattr(record, "cause", "")) for record in caplog.records] == [
        ("broker away", "lost"),
        ("broker away", "refused"),
        ("broker found", ""),
    ]
    assert shows(observer, 'presslight_troubles_total{kind="broker_lost"} 3.0')


def test_mistake_is_logged_with_where_it_was(observer: BridgeObserver, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "presslight.bridge"):
        observer.on_defect("a topic", RuntimeError("a defect"))
        observer.on_report("kitchen", ReportEffect(Kind.NEWS, missed=True, began=True, over="0000beef"))
    (mistake, rebooted) = caplog.records
    assert (mistake.levelname, getattr(mistake, "where", "")) == ("ERROR", "a topic")
    assert mistake.exc_info is not None
    assert (rebooted.message, getattr(rebooted, "light", "")) == ("light rebooted", "kitchen")


def test_refused_phone_is_not_worth_a_line_unless_asked_for(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "presslight.bridge"):
        observer.on_error_sent(ErrorCode.MALFORMED, "ann", None, "not JSON")
        observer.bad_message("a topic", "malformed", "not JSON")
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, "presslight.bridge"):
        observer.on_error_sent(ErrorCode.MALFORMED, "ann", "a key", "not JSON")
    (line,) = caplog.records
    assert [getattr(line, name) for name in ("code", "phone", "key", "detail")] == [
        "malformed", "ann", "a key", "not JSON",
    ]  # fmt: skip


def test_messages_that_a_light_dropped_are_told_with_its_name(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "presslight.bridge"):
        observer.on_report("kitchen", ReportEffect(Kind.NEWS, dropped=(("invalid", 10),)))
    (line,) = caplog.records
    told = [getattr(line, name) for name in ("levelname", "message", "light", "cause", "count")]
    assert told == ["WARNING", "light dropped messages", "kitchen", "invalid", 10]


def test_of_a_long_name_no_more_is_kept_than_is_shown(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        observer.misdirected(ErrorCode.WRONG_HOST, f"{'x.' * 500}{number}")
    assert [len(getattr(record, "host", "")) for record in caplog.records] == [255]


def test_stranger_who_names_a_new_host_in_each_request_fills_no_log(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5_000):
        observer.misdirected(ErrorCode.WRONG_HOST, f"host-{number}")
    assert len(caplog.records) < 40


def test_secret_in_a_long_name_is_hidden_before_that_is_cut(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    observer.misdirected(ErrorCode.WRONG_ORIGIN, f"{'x.' * 120}qJ7vX2kPz9RtW4mLc8Yb")
    assert "qJ7vX2" not in getattr(caplog.records[0], "host", "")


def test_store_that_has_trouble_between_two_looks_is_not_called_good(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        observer.store_trouble(RuntimeError("the disk is full"))
        observer.store_good()
        assert not observer.store_is_good
    assert [getattr(record, "times", 0) for record in caplog.records] == [1, 10]
    observer.store_good()
    assert observer.store_is_good


def test_light_that_says_ever_new_things_of_itself_fills_no_log(
    observer: BridgeObserver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "presslight.bridge"):
        for turn in range(1_000):
            dropped = (("invalid", 1), ("malformed", 10 ** (turn % 9)))
            observer.on_report("kitchen", ReportEffect(Kind.NEWS, over="0000beef", dropped=dropped))
        observer.on_report("hall", ReportEffect(Kind.NEWS, over="0000beef", dropped=(("invalid", 10),)))
    told = [(record.message, getattr(record, "light", "")) for record in caplog.records]
    assert len(told) < 120
    assert told[-2:] == [("light rebooted", "hall"), ("light dropped messages", "hall")]
