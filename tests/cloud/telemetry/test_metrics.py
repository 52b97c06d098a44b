import pytest

from presslight.cloud.core.events import Asked, Decided
from presslight.cloud.core.legs import Stamps
from presslight.cloud.core.press import Press
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.observer import BridgeObserver
from presslight.contract.words import Outcome
from tests.cloud.core.test_press import ORDER
from tests.cloud.ports import MS


@pytest.fixture
def observer() -> BridgeObserver:
    return BridgeObserver(Metrics())


def shows(observer: BridgeObserver, line: str) -> bool:
    return line in observer.metrics.text().decode().splitlines()


def pressed(outcome: str, *, measured: bool = True) -> Press:
    press = Press(ORDER, followed=True, stamps=Stamps(0, before_us=5_000) if measured else None)
    press.on_event(Asked(broker=True, light=True), 0)
    press.on_event(Decided(Outcome(outcome), (1, 1), 1_000), 9 * MS)
    return press


def test_applied_press_is_measured_leg_by_leg(observer: BridgeObserver) -> None:
    observer.on_status(pressed("applied"))
    assert shows(observer, "press_to_light_seconds_count 1.0")
    assert shows(observer, "press_to_light_seconds_sum 0.01")
    assert shows(observer, 'press_leg_seconds_sum{leg="bridge"} 0.009')
    assert shows(observer, 'press_leg_seconds_sum{leg="light"} 0.001')
    assert shows(observer, 'press_leg_seconds_sum{leg="travel"} 0.008')
    assert shows(observer, 'press_leg_seconds_count{leg="ack"} 0.0')
    assert shows(observer, 'presslight_press_statuses_total{reason="",status="applied"} 1.0')


@pytest.mark.parametrize("press", [pressed("late"), pressed("applied", measured=False)])
def test_press_that_was_not_seen_through_is_not_measured(observer: BridgeObserver, press: Press) -> None:
    observer.on_status(press)
    assert shows(observer, "press_to_light_seconds_count 0.0")


def test_shown_is_the_journeys_outermost_stamp(observer: BridgeObserver) -> None:
    observer.shown(20, 9_000)
    assert shows(observer, "press_to_confirmation_seconds_sum 0.02")
    assert shows(observer, 'press_leg_seconds_sum{leg="phone"} 0.011')
    observer.shown(5, 9_000)
    assert shows(observer, 'press_leg_seconds_sum{leg="phone"} 0.011')


def test_gauges_show_what_is_now(observer: BridgeObserver) -> None:
    open_presses = 3
    observer.metrics.gauge("open_presses", "Open.", lambda: open_presses)
    assert shows(observer, "presslight_open_presses 3.0")
    open_presses = 4
    assert shows(observer, "presslight_open_presses 4.0")
