import json
from pathlib import Path
from typing import Any

import pytest

from lamp.settings import BadSettings, load, pin
from presslight import light_settings
from presslight.contract.address import BrokerAddress

NEEDED = {"name": "hall", "host": "broker.home"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    Path("settings.json").write_text(text, encoding="utf-8")


def test_settings_as_presslight_writes_them_are_read() -> None:
    Path("authority.pem").write_text("certificate", encoding="ascii")
    address = BrokerAddress.parse("mqtts://hall:s%C3%A4cret@broker.home:8884", ca_file="authority.pem")
    wifi = {"ssid": "home", "password": "wifi secret"}
    for name, content in light_settings.setup_files(
        "hall", address, wifi=wifi, pins={"lamp": 25, "button": 9, "inverted": 1}
    ).items():
        Path(name).write_text(content, encoding="utf-8")
    found = load()
    assert (found.name, found.host, found.port, found.has_tls) == ("hall", "broker.home", 8884, True)
    assert (found.user, found.password) == ("hall", "säcret")
    assert (found.ssid, found.wifi_password) == ("home", "wifi secret")
    assert (pin("lamp", 2), pin("button", 0), pin("inverted", 0)) == (25, 9, 1)
    assert Path(found.ca).read_text(encoding="ascii") == "certificate"
    assert found.flashed > 1_700_000_000


def test_settings_have_defaults_for_a_bare_board() -> None:
    write(json.dumps(NEEDED | {"user": None, "password": None, "wifi": None, "pins": None}))
    found = load()
    assert (found.port, found.has_tls, found.user, found.password, found.ssid) == (1883, False, "", "", "")
    assert (pin("lamp", 2), pin("button", 0), found.ca, found.flashed) == (2, 0, "ca.pem", 0)


@pytest.mark.parametrize("given", [None, "", "192.168.1.1", "time.home"])
def test_time_server_is_as_it_was_given(given: str | None) -> None:
    Path("authority.pem").write_text("certificate", encoding="ascii")
    address = BrokerAddress.parse("mqtts://broker.home", ca_file="authority.pem")
    for name, content in light_settings.setup_files("hall", address, wifi={}, time_server=given).items():
        Path(name).write_text(content, encoding="utf-8")
    assert load().time == ("pool.ntp.org" if given is None else given)


def test_port_follows_tls() -> None:
    write(json.dumps(NEEDED | {"tls": True}))
    assert load().port == 8883


@pytest.mark.parametrize("port", [1, 65_535])
def test_every_port_is_taken(port: int) -> None:
    write(json.dumps(NEEDED | {"port": port}))
    assert load().port == port


def test_pins_can_be_chosen_one_by_one() -> None:
    write(json.dumps(NEEDED | {"pins": {"lamp": 25}}))
    assert (pin("lamp", 2), pin("button", 0)) == (25, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": 7},
        {"host": ["broker"]},
        {"host": None},
        {"user": "u" * 129},
        {"password": 1234},
        {"port": "1883"},
        {"port": 0},
        {"port": -1},
        {"port": 65_536},
        {"wifi": "home"},
        {"wifi": {"ssid": 1}},
        {"pins": {"lamp": "2"}},
        {"pins": {"inverted": "yes"}},
        {"flashed": "today"},
        {"tls": True, "time": 12},
    ],
)
def test_bad_field_is_named_and_no_secret_told(change: dict[str, Any]) -> None:
    write(json.dumps(NEEDED | {"password": "hunter2secret"} | change))
    with pytest.raises(BadSettings, match="must be") as told:
        load()
    assert "secret" not in str(told.value)


def test_pins_are_found_whatever_else_is_wrong() -> None:
    write(json.dumps({"name": 5, "pins": {"lamp": 25, "button": "9"}}))
    assert (pin("lamp", 2), pin("button", 0)) == (25, 0)
    write("{")
    assert (pin("lamp", 2), pin("button", 0)) == (2, 0)


@pytest.mark.parametrize("text", ["", "{", "[]", '"hall"', "null"])
def test_file_that_holds_no_settings_is_said(text: str) -> None:
    write(text)
    with pytest.raises(BadSettings):
        load()


def test_missing_file_is_said() -> None:
    with pytest.raises(BadSettings, match=r"settings\.json"):
        load()
