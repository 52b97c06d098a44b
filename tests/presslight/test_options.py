"""Options that cannot work together, or one of which would be ignored: told in one line, before anything is done."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.broker.authority import Authority
from presslight.command import app
from tests.presslight.flashing.test_flash_plan import image

OVER_TLS = [
    "--name",
    "kitchen",
    "--wifi-ssid",
    "home",
    "--broker",
    "mqtts://kitchen:x@broker.example",
    "--ca-file",
    "CA",
]
NAMED = ["--name", "kitchen", "--wifi-ssid", "home", "--broker", "mqtt://kitchen:x@192.168.1.2"]


def call(*words: str, **environment: str) -> Result:
    own = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword", "PRESSLIGHT_MICROPYTHON": "/no/such/program"}
    others = dict.fromkeys(("PRESSLIGHT_BROKER", "PRESSLIGHT_TOKEN", "PRESSLIGHT_STORE"))
    return CliRunner().invoke(app, words, env={**others, **own, **environment})


def refused(answer: Result) -> str:
    """The line."""
    assert (answer.exit_code, answer.stderr.count("\n"), answer.stdout) == (2, 1, "")
    return answer.stderr


@pytest.mark.parametrize("user", ["hall", "bridge", "bridge-2", "homeassistant"])
def test_light_does_not_sign_in_as_another_user(user: str, tmp_path: Path) -> None:
    broker = f"mqtt://{user}:x@192.168.1.2"
    flashed = call("flash", "--port", "x", "--dry-run", *NAMED[:4], "--broker", broker)
    simulated = call("light", "--name", "kitchen", "--broker", broker, "--flash", str(tmp_path / "flash"))
    assert f"kitchen signs in under its own name, and this broker address is of '{user}'" in refused(flashed)
    assert refused(simulated) == refused(flashed)
    assert not (tmp_path / "flash").exists()


@pytest.mark.parametrize(
    "host", ["", " ", "*", "0", "0x0", "0x7f.1", "127.1", "a b", "a\nb", "a" * 64, "x:8787", "[::1"]
)
def test_bridge_listens_on_no_host_that_is_none(host: str, tmp_path: Path) -> None:
    answer = call("up", "--host", host, "--lights", "0", "--state", str(tmp_path / "state"))
    assert f"not {host!r}" in refused(answer)
    assert not (tmp_path / "state").exists()


def test_word_that_is_no_broker_is_told_with_those_there_are() -> None:
    told = refused(call("up", "--broker", "moskito", "--lights", "0"))
    assert told == "presslight: there is no broker moskito: embedded, mosquitto, or the address of one, mqtt://…\n"


def test_port_of_a_chip_has_a_name() -> None:
    assert "--port" in refused(call("flash", "--port", "", "--dry-run"))


def test_simulated_lights_do_not_take_the_bridges_place(tmp_path: Path) -> None:
    (tmp_path / "bridge.url").write_text("mqtt://bridge:x@127.0.0.1:1")
    answer = call("up", "--broker", f"@{tmp_path / 'bridge.url'}", "--state", str(tmp_path / "state"))
    assert "--lights 0" in refused(answer)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--broker", "mqtt://kitchen@192.168.1.2"], "--broker is a setting"),
        (["--wifi-ssid", "home"], "--wifi-ssid is a setting"),
        (["--wifi-password", "wifiword"], "--wifi-password is a setting"),
        (["--ca-file", "ca.crt"], "--ca-file is a setting"),
        (["--led-pin", "4"], "--led-pin is a setting"),
        (["--led-inverted"], "--led-inverted is a setting"),
        (["--button-pin", "4"], "--button-pin is a setting"),
        (["--time-server", "192.168.1.1"], "--time-server is a setting"),
        (["--firmware-image", "IMAGE", "--erase"], "(--name)"),
        (["--erase"], "--firmware-image"),
        (["--baud", "115200"], "--firmware-image"),
        (["--firmware-sha256", "0" * 64], "--firmware-image"),
        ([*NAMED, "--led-pin", "0", "--button-pin", "0"], "same pin"),
        ([*NAMED, "--firmware-image", "IMAGE", "--led-pin", "0"], "same pin"),
        ([*NAMED, "--firmware-image", "IMAGE", "--led-pin", "6"], "GPIO 6 of the esp32 (--led-pin) carries the flash"),
        ([*NAMED, "--firmware-image", "IMAGE", "--button-pin", "34"], "without a pull-up"),
        ([*NAMED, "--wifi-ssid", ""], "1 to 32 bytes"),
        ([*NAMED, "--wifi-ssid", "ä" * 17], "1 to 32 bytes"),
        ([*NAMED, "--wifi-password", "x" * 7], "8 to 63 bytes"),
        ([*NAMED, "--wifi-password", "x" * 64], "64 hex digits"),
        ([*NAMED[:4], "--broker", f"mqtt://kitchen:{'x' * 129}@192.168.1.2"], "at most 128 bytes"),
        ([*NAMED[:4], "--broker", "mqtt://kitchen:x@broker.local"], "finds broker.local only"),
        ([*NAMED[:4], "--broker", "mqtt://kitchen:x@[fd00::1]"], "speaks IPv4"),
        ([*NAMED, "--ca-file", "CA"], "mqtts://"),
        ([*NAMED, "--time-server", "192.168.1.1"], "mqtts://"),
        ([*OVER_TLS, "--time-server", "two words"], "two words is no time server"),
        ([*OVER_TLS, "--time-server", "127.0.0.1"], "give the time server's address"),
        ([*OVER_TLS, "--time-server", "fd00::1"], "give the time server's IPv4 address"),
        ([*OVER_TLS, "--time-server", "router.local"], "finds router.local only"),
        ([*OVER_TLS, "--time-server", ".".join(["x" * 60] * 3)], "at most 128 bytes"),
    ],
)
def test_flash_says_what_it_would_ignore(words: list[str], said: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    if "CA" in words:
        authority.create(["broker.example"])
    places = {"IMAGE": str(image(tmp_path)), "CA": str(authority.ca)}
    for dry in ([], ["--dry-run"]):
        assert said in refused(call("flash", "--port", "x", *dry, *(places.get(word, word) for word in words)))


def test_variables_that_are_for_other_runs_are_no_mistake() -> None:
    broker = {"PRESSLIGHT_BROKER": "mqtt://bridge:x@192.168.1.2", "PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    assert call("flash", "--port", "x", "--dry-run", **broker).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["up", "--ca-file", "ca.crt"], "--ca-file is for a broker that runs elsewhere"),
        (["up", "--broker", "mosquitto", "--ca-file", "ca.crt"], "--ca-file is for a broker that runs elsewhere"),
        (["up", "--broker", "mqtt://bridge@127.0.0.1", "--lights", "0", "--ca-file", "ca.crt"], "mqtts://"),
        (["up", "--broker", "mqtts://bridge@127.0.0.1", "--lights", "0", "--ca-file", "nofile"], "nofile"),
        (["up", "--demo", "--lights", "0"], "--lights"),
        (["light", "--broker", "mqtt://127.0.0.1", "--ca-file", "nofile"], "mqtts://"),
        (["light", "--broker", "mqtts://127.0.0.1", "--ca-file", "nofile"], "nofile"),
        (["measure", "--token", "x"], "--token is for a bridge that runs already"),
        (["measure", "--url", "http://127.0.0.1:1", "--token", "x", "--lights", "2"], "--lights"),
        (["measure", "--light", "hall", "--lights", "2"], "--lights is ignored"),
        (["measure", "--json", "x", "--junit", "x"], "the same file"),
        (["token", "--state", ".", "--list", "--phone", "ada"], "--phone is ignored"),
        (["token", "--state", ".", "--list", "--revoke"], "--revoke is ignored"),
    ],
)
def test_option_that_would_be_ignored_is_refused(words: list[str], said: str) -> None:
    assert said in refused(call(*words))
