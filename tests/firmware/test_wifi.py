"""Wi-Fi against a driver that a test plays, in virtual time."""

import asyncio
import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lamp.resolver import name_servers


class Driver:
    """The chip's WLAN: joins `join_after` ms after it was asked to, or after it lost the network."""

    IF_STA = 0
    PM_NONE = 0

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.asked_at: int | None = None
        self.join_after = 0
        self.refusal: Exception | None = None
        self.refuses_until = float("inf")
        self.switch_refusal: Exception | None = None
        self.name_server = "10.0.0.53"
        self.now = 0
        self.level = -50
        self.points: list[tuple[bytes, bytes, int, int, int, bool]] = []
        self.look_refusal: Exception | None = None
        self.deaf: set[bytes] = set()
        self.place: bytes | None = None
        self.looks = 0

    def __call__(self, interface: int) -> "Driver":
        assert interface == self.IF_STA
        return self

    def take_name(self, name: bytes) -> None:
        assert len(name) <= 32, "ValueError"
        self.calls.append(("hostname", name))

    def ipconfig(self, param: str) -> str:
        assert param == "dns"
        return self.name_server

    def active(self, is_active: bool) -> None:
        if self.switch_refusal:
            raise self.switch_refusal
        self.calls.append(("active", is_active))

    def config(self, **changes: int) -> None:
        self.calls.append(("config", changes))

    def disconnect(self) -> None:
        self.asked_at = None

    def status(self, word: str) -> int:
        assert word == "rssi"
        assert self.isconnected(), "OSError"
        return self.level

    def scan(self) -> list[tuple[bytes, bytes, int, int, int, bool]]:
        self.looks += 1
        if self.look_refusal:
            raise self.look_refusal
        return self.points

    def connect(self, ssid: str, key: str, bssid: bytes | None) -> None:
        assert self.asked_at is None, "connect while it still tries: Wifi Internal Error"
        self.calls.append(("connect", ssid, key))
        self.place = bssid
        if self.refusal and self.now < self.refuses_until:
            raise self.refusal
        self.asked_at = self.now

    def ifconfig(self) -> tuple[str, str, str, str]:
        return ("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.53")

    def isconnected(self) -> bool:
        is_deaf = self.place in self.deaf
        return not is_deaf and self.asked_at is not None and self.now - self.asked_at >= self.join_after

    async def sleep_ms(self, ms: int) -> None:
        self.now += ms


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    driver = Driver()
    network = ModuleType("network")
    network.WLAN = driver  # type: ignore[attr-defined]  # a module for this test
    network.hostname = driver.take_name  # type: ignore[attr-defined]  # as above
    network.ipconfig = driver.ipconfig  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "network", network)
    monkeypatch.setattr(asyncio, "sleep_ms", driver.sleep_ms, raising=False)
    return driver


@pytest.fixture
def wifi(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delitem(sys.modules, "lamp.wifi", raising=False)
    wifi = importlib.import_module("lamp.wifi")

    monkeypatch.setattr(wifi, "now_ms", lambda: driver.now % (1 << 30))
    return SimpleNamespace(station=wifi.Wifi("kitchen", "home", "secret"), Wifi=wifi.Wifi)


def connects(driver: Driver) -> int:
    return sum(call[0] == "connect" for call in driver.calls)


async def test_radio_is_on_without_power_save_before_it_joins(driver: Driver, wifi: Any) -> None:
    wifi.station.start()
    assert driver.calls[1:] == [("active", True), ("config", {"pm": 0}), ("connect", "home", "secret")]
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


def point(place: bytes, level: int, ssid: bytes = b"home") -> tuple[bytes, bytes, int, int, int, bool]:
    return ssid, place, 6, level, 3, False


async def test_weak_access_point_is_left_for_the_strongest_of_its_name_once_a_boot(driver: Driver, wifi: Any) -> None:
    driver.level = -80
    driver.points = [point(b"far", -80), point(b"near", -60), point(b"on", -50, b"other"), point(b"next", -65)]
    wifi.station.start()
    await wifi.station.joined()
    assert (driver.place, driver.looks, connects(driver)) == (b"near", 1, 2)
    driver.disconnect()
    await wifi.station.joined()
    assert (driver.place, driver.looks) == (None, 1)


@pytest.mark.parametrize(
    ("level", "others", "looks"),
    [(-75, [point(b"near", -40)], 0), (-80, [point(b"on", -80), point(b"like", -72)], 1), (-80, [], 1)],
    ids=["strong enough", "no far stronger one", "none found"],
)
async def test_access_point_is_kept_where_leaving_would_gain_little(
    driver: Driver, wifi: Any, level: int, others: list[Any], looks: int
) -> None:
    driver.level, driver.points = level, others
    wifi.station.start()
    for _ in range(2):
        await wifi.station.joined()
    assert (driver.looks, connects(driver)) == (looks, 1)


async def test_stronger_access_point_that_lets_nobody_in_is_left_after_15_s(driver: Driver, wifi: Any) -> None:
    driver.level, driver.points, driver.deaf = -80, [point(b"near", -40)], {b"near"}
    wifi.station.start()
    await wifi.station.joined()
    assert (driver.place, driver.looks) == (None, 1)
    assert driver.now < 16_000


@pytest.mark.parametrize("refusal", [OSError("STA must be active"), RuntimeError("Wifi Unknown Error 0x3006")])
async def test_driver_that_does_not_look_is_told_and_stays(
    driver: Driver, wifi: Any, capsys: pytest.CaptureFixture[str], refusal: Exception
) -> None:
    driver.level, driver.look_refusal = -80, refusal
    wifi.station.start()
    await wifi.station.joined()
    assert connects(driver) == 1
    assert capsys.readouterr().out == f"Wi-Fi: {refusal}\n"


REFUSALS = [
    OSError("Wifi Internal Error"),
    RuntimeError("Wifi Unknown Error 0x3013"),
    OSError("WiFi Out of Memory"),
    AttributeError("type object 'WLAN' has no attribute 'IF_STA'"),
]
"""What MicroPython raises: an error that it knows, one that it does not, and what it raises before 1.23."""


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_driver_that_refuses_is_asked_again(
    driver: Driver, wifi: Any, capsys: pytest.CaptureFixture[str], refusal: Exception
) -> None:
    driver.refusal = refusal
    wifi.station.start()
    assert capsys.readouterr().out == f"Wi-Fi: {refusal}\n"
    driver.refusal = None
    await wifi.station.joined()
    assert connects(driver) == 2


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_radio_that_does_not_go_on_is_switched_on_again(
    driver: Driver, wifi: Any, capsys: pytest.CaptureFixture[str], refusal: Exception
) -> None:
    driver.switch_refusal = refusal
    wifi.station.start()
    assert capsys.readouterr().out == f"Wi-Fi: {refusal}\n"
    driver.switch_refusal = None
    await wifi.station.joined()
    assert ("active", True) in driver.calls
    assert connects(driver) == 1


async def test_driver_that_refuses_for_an_hour_is_asked_each_15_s(driver: Driver, wifi: Any) -> None:
    driver.refusal = RuntimeError("Wifi Unknown Error 0x3013")
    driver.refuses_until = 3_600_000
    wifi.station.start()
    await wifi.station.joined()
    assert 200 < connects(driver) <= 241


@pytest.mark.parametrize(("name", "listed"), [("kitchen", b"kitchen"), ("ä" * 40, "ä".encode() * 16)])
async def test_router_lists_the_light_by_its_name(driver: Driver, wifi: Any, name: str, listed: bytes) -> None:
    """Of a name that is too long MicroPython raises a ValueError, so it is cut."""
    wifi.Wifi(name, "home", "secret").start()
    assert driver.calls[0] == ("hostname", listed)


async def test_names_are_asked_of_the_name_server_and_then_of_the_router(driver: Driver, wifi: Any) -> None:
    wifi.station.start()
    assert name_servers(wifi.station.station) == ("10.0.0.53", "10.0.0.1")
    driver.name_server = "10.0.0.1"
    assert name_servers(wifi.station.station) == ("10.0.0.1",)


@pytest.mark.parametrize("useless", ["0.0.0.0", "FE80::1", "::"])
async def test_name_server_that_ipv4_does_not_reach_is_not_asked(driver: Driver, wifi: Any, useless: str) -> None:
    driver.name_server = useless
    wifi.station.start()
    assert name_servers(wifi.station.station) == ("10.0.0.1",)


async def test_light_by_cable_asks_the_name_server(driver: Driver, wifi: Any) -> None:
    assert name_servers(None) == ("10.0.0.53",)


async def test_light_without_a_network_name_leaves_the_radio_alone(driver: Driver, wifi: Any) -> None:
    station = wifi.Wifi("kitchen", "", "")
    station.start()
    await station.joined()
    assert driver.calls == []
