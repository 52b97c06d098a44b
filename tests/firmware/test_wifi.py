"""Wi-Fi against a driver that a test plays, in virtual time."""

import asyncio
import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class Driver:
    """The chip's WLAN: joins `join_after` ms after it was asked to, or after it lost the network."""

    IF_STA = 0
    PM_NONE = 0

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.asked_at: int | None = None
        self.join_after = 0
        self.is_refusing = False
        self.now = 0

    def __call__(self, interface: int) -> "Driver":
        assert interface == self.IF_STA
        return self

    def active(self, is_active: bool) -> None:
        self.calls.append(("active", is_active))

    def config(self, **changes: int) -> None:
        self.calls.append(("config", changes))

    def disconnect(self) -> None:
        self.asked_at = None

    def connect(self, ssid: str, key: str) -> None:
        assert self.asked_at is None, "connect while it still tries: Wifi Internal Error"
        self.calls.append(("connect", ssid, key))
        if self.is_refusing:
            raise OSError("Wifi Internal Error")
        self.asked_at = self.now

    def isconnected(self) -> bool:
        return self.asked_at is not None and self.now - self.asked_at >= self.join_after

    async def sleep_ms(self, ms: int) -> None:
        self.now += ms


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    driver = Driver()
    network = ModuleType("network")
    network.WLAN = driver  # type: ignore[attr-defined]  # a module for this test
    monkeypatch.setitem(sys.modules, "network", network)
    monkeypatch.setattr(asyncio, "sleep_ms", driver.sleep_ms, raising=False)
    return driver


@pytest.fixture
def wifi(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delitem(sys.modules, "lamp.wifi", raising=False)
    wifi = importlib.import_module("lamp.wifi")

    monkeypatch.setattr(wifi, "now_ms", lambda: driver.now % (1 << 30))
    return SimpleNamespace(station=wifi.Wifi("home", "secret"), Wifi=wifi.Wifi)


def connects(driver: Driver) -> int:
    return sum(call[0] == "connect" for call in driver.calls)


async def test_radio_is_on_without_power_save_before_it_joins(driver: Driver, wifi: Any) -> None:
    wifi.station.start()
    assert driver.calls == [("active", True), ("config", {"pm": 0}), ("connect", "home", "secret")]
    await wifi.station.joined()


async def test_joining_is_waited_for_as_long_as_the_driver_tries(driver: Driver, wifi: Any) -> None:
    driver.join_after = 3_000
    wifi.station.start()
    await wifi.station.joined()
    assert driver.now == 3_000
    assert connects(driver) == 1


async def test_driver_that_has_given_up_is_asked_again(driver: Driver, wifi: Any) -> None:
    wifi.station.start()
    driver.disconnect()
    await wifi.station.joined()
    assert connects(driver) == 2
    assert driver.now < 20_000


async def test_driver_that_refuses_is_asked_again(
    driver: Driver, wifi: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    driver.is_refusing = True
    wifi.station.start()
    assert "Wifi Internal Error" in capsys.readouterr().out
    driver.is_refusing = False
    await wifi.station.joined()
    assert connects(driver) == 2


async def test_light_without_a_network_name_leaves_the_radio_alone(driver: Driver, wifi: Any) -> None:
    station = wifi.Wifi("", "")
    station.start()
    await station.joined()
    assert driver.calls == []
