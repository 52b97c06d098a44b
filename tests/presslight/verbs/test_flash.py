"""The verb `presslight flash`: dry, with tools that only note what they are asked, and with the real mpremote."""

import hashlib
import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from typer.testing import CliRunner, Result

from presslight.broker.authority import Authority
from presslight.command import app
from presslight.flashing import flash_plan, tool
from presslight.flashing.board import WATCHDOG_MS
from presslight.flashing.flash_plan import FIRMWARE, firmware_folder
from presslight.micropython import Command
from tests.presslight.flashing.test_flash_plan import image
from tests.presslight.pretended_chip import pretended_chip

NOWHERE = "224.0.0.1"
"""No address of a machine: nothing leaves this one."""

BROKER = f"mqtt://kitchen:brokerword@{NOWHERE}"
LIGHT = ("--name", "kitchen", "--wifi-ssid", "home", "--broker", BROKER, "--watch", "0")
WAIT_S = 30
BOARD = {"platform": "esp32", "version": [1, 24, 1], "machine": "Generic ESP32 module with ESP32", "number": "240a"}
NOTE = """\
#!/bin/sh
printf '%s\\n' "$0" "$@" >>"$NOTES"
for word; do
    case "$word" in
    */settings.json.new) stat -c %a "$word" >>"$NOTES"; cat "$word" >"$NOTES.settings" ;;
    esac
done
case "$*" in
*implementation*) echo "$BOARD" ;;
esac
echo "$SAYS" >&2
exit "${FAILS:-0}"
"""
WAIT = """\
#!/bin/sh
case "$*" in
*implementation*) cat {folder}/board ;;
*) echo $$ >{folder}/started; exec sleep 1000 ;;
esac
"""

Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A folder with an esptool and an mpremote that only note what they were asked, and a port."""
    for name in ("esptool", "mpremote"):
        (tmp_path / name).write_text(NOTE)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "port").touch()
    return tmp_path


@pytest.fixture
def flash(bench: Path) -> Run:
    """Run the verb with the bench's tools; `says` and `fails` are what the tools print and how they end."""

    def run(*options: str, says: str = "", fails: int = 0, port: str | None = None, **more: str | None) -> Result:
        environment = {
            "PATH": f"{bench}:{os.defpath}",
            "NOTES": str(bench / "notes"),
            "SAYS": says,
            "BOARD": json.dumps({**BOARD, "pins": list(range(40))}),
            "FAILS": str(fails),
            "PRESSLIGHT_BROKER": None,
            "PRESSLIGHT_WIFI_PASSWORD": "wifiword",
            **more,
        }
        return CliRunner().invoke(
            app, ["flash", "--port", port or str(bench / "port"), "--watch", "0", *options], env=environment
        )

    return run


def refused(run: Result) -> str:
    """The one line that a refused call is answered with."""
    assert run.exit_code == 2
    said = run.stderr.splitlines()[-1]
    assert said.startswith("presslight: ")
    return said


def test_dry_run_lists_each_file_with_its_size_and_no_secret(flash: Run, bench: Path) -> None:
    run = flash("--dry-run", *LIGHT, port="/dev/nowhere")
    assert (run.exit_code, run.stderr) == (0, "")
    for path in (FIRMWARE / "lamp").glob("*.py"):
        assert re.search(rf"{path.name}  {path.stat().st_size} bytes", run.stdout)
    for name in ("settings.json.new", "main.py.new"):
        assert re.search(rf"{name}  \d+ bytes", run.stdout)
    assert "simulator" not in run.stdout
    assert "brokerword" not in run.stdout
    assert "wifiword" not in run.stdout
    assert '"password": "***"' in run.stdout
    assert not (bench / "notes").exists()


def test_dry_run_needs_no_tools(flash: Run, tmp_path: Path) -> None:
    run = flash(*LIGHT, "--dry-run", "--firmware-image", str(image(tmp_path)), "--erase", PATH="/nowhere")
    assert run.exit_code == 0
    assert "erase-flash" in run.stdout
    assert "write-flash 0x1000" in run.stdout


def test_image_of_another_sum_is_refused_and_the_sum_is_told(flash: Run, tmp_path: Path) -> None:
    path = image(tmp_path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    options = (*LIGHT, "--dry-run", "--firmware-image", str(path), "--firmware-sha256")
    assert found in flash(*options, found.upper()).stdout
    assert f"its SHA-256 is {found} (--firmware-sha256)" in refused(flash(*options, "0" * 64))
    assert "64 hex digits" in refused(flash(*options, f"sha256:{found}"))


def test_flash_runs_the_tools_in_order_and_hands_the_settings_over_in_private(flash: Run, bench: Path) -> None:
    run = flash(*LIGHT, "--firmware-image", str(image(bench)), "--erase", "--led-pin", "25", "--button-pin", "14")
    assert run.exit_code == 0, run.stderr
    notes = (bench / "notes").read_text().splitlines()
    asked = [" ".join(words) for words in _calls(notes, bench)]
    assert [next(verb for verb in VERBS if verb in call) for call in asked] == VERBS
    assert "600" in notes
    settings = json.loads((bench / "notes.settings").read_text())
    assert settings["wifi"] == {"ssid": "home", "password": "wifiword"}
    assert (settings["host"], settings["password"]) == (NOWHERE, "brokerword")
    assert settings["pins"] == {"lamp": 25, "button": 14}


def test_flash_tells_the_light_that_its_lamp_shines_on_low(flash: Run, bench: Path) -> None:
    assert flash(*LIGHT, "--led-pin", "4", "--led-inverted").exit_code == 0
    assert json.loads((bench / "notes.settings").read_text())["pins"] == {"lamp": 4, "button": 0, "inverted": 1}


VERBS = ["erase-flash", "write-flash", "exec", "exec", "/lamp/", "main.py.new", "exec", "exec", "reset"]


def _calls(notes: list[str], bench: Path) -> list[list[str]]:
    calls: list[list[str]] = []
    for line in notes:
        if line in (str(bench / "esptool"), str(bench / "mpremote")):
            calls.append([])
        calls[-1].append(line)
    return calls


def test_flash_leaves_no_secret_behind(flash: Run, bench: Path) -> None:
    run = flash(*LIGHT)
    assert run.exit_code == 0
    private = next(line for line in (bench / "notes").read_text().splitlines() if line.endswith("/settings.json.new"))
    assert not Path(private).parent.exists()
    for text in (run.stdout, run.stderr, (bench / "notes").read_text()):
        assert "brokerword" not in text
        assert "wifiword" not in text


def test_flash_without_a_name_keeps_the_chips_settings(flash: Run, bench: Path) -> None:
    assert flash(PRESSLIGHT_BROKER="mqtt://192.168.1.2").exit_code == 0
    assert "settings.json.new\n" not in (bench / "notes").read_text()
    assert "main.py.new\n" in (bench / "notes").read_text()


def test_flash_brings_the_certificate(flash: Run, bench: Path) -> None:
    Authority(bench).create(["broker.example"])
    run = flash(*LIGHT[:4], "--broker", f"mqtts://kitchen:x@{NOWHERE}", "--ca-file", str(bench / "ca.crt"))
    assert run.exit_code == 0, run.stderr
    assert re.search(r"/ca-[0-9a-f]{8}\.pem\n", (bench / "notes").read_text())


@pytest.mark.parametrize(
    ("options", "time"), [((), None), (("--time-server", ""), ""), (("--time-server", "a.b"), "a.b")]
)
def test_flash_brings_the_time_server(flash: Run, bench: Path, options: tuple[str, ...], time: str | None) -> None:
    Authority(bench).create(["broker.example"])
    tls = ("--broker", f"mqtts://kitchen:x@{NOWHERE}", "--ca-file", str(bench / "ca.crt"), "--watch", "0")
    run = flash(*LIGHT[:4], *tls, *options)
    assert run.exit_code == 0, run.stderr
    assert json.loads((bench / "notes.settings").read_text()).get("time") == time


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--erase",), "--firmware-image"),
        (("--wifi-ssid", "home"), "--name"),
        (("--name", "kitchen", "--wifi-ssid", "home"), "PRESSLIGHT_BROKER"),
        (("--name", "kitchen", "--broker", "mqtt://192.168.1.2"), "--wifi-ssid"),
        (("--name", "Kitchen", *LIGHT[2:]), "a light's name"),
        ((*LIGHT[:4], "--broker", "mqtt://127.0.0.1"), "cannot reach 127.0.0.1"),
        ((*LIGHT[:4], "--broker", "mqtts://192.168.1.2"), "--ca-file"),
        (("--firmware-image", "/nowhere/image.bin"), "/nowhere/image.bin cannot be read"),
    ],
)
def test_mistake_is_one_clear_line_and_nothing_is_run(
    flash: Run, bench: Path, options: tuple[str, ...], says: str
) -> None:
    assert says in refused(flash(*options))
    assert not (bench / "notes").exists()


def test_missing_port_is_told_before_anything_is_run(flash: Run, bench: Path) -> None:
    assert "there is no /dev/nowhere" in refused(flash(port="/dev/nowhere"))
    assert not (bench / "notes").exists()


def test_port_that_no_terminal_can_show_is_refused(flash: Run, bench: Path) -> None:
    assert "and not /dev/x\\x1b[31m" in refused(flash("--dry-run", port="/dev/x\x1b[31m"))
    assert not (bench / "notes").exists()


def test_open_network_has_an_empty_password(flash: Run, bench: Path) -> None:
    assert flash(*LIGHT, PRESSLIGHT_WIFI_PASSWORD="").exit_code == 0
    assert json.loads((bench / "notes.settings").read_text())["wifi"]["password"] == ""


def test_missing_password_is_not_asked_for_without_a_terminal(flash: Run) -> None:
    assert "set PRESSLIGHT_WIFI_PASSWORD" in refused(flash(*LIGHT, PRESSLIGHT_WIFI_PASSWORD=None))


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        ("[Errno 13] Permission denied: '/dev/ttyUSB0'", "group"),
        ("mpremote: failed to access /dev/ttyUSB0 (it may be in use by another program)", "is in use"),
        (
            "Could not open X, the port is busy or doesn't exist.\n([Errno 11] Could not exclusively lock port X)",
            "is in use",
        ),
        (
            "Could not open X, the port is busy or doesn't exist.\n([Errno 2] could not open port X)",
            "there is no",
        ),
        ("OSError: [Errno 5] Input/output error", "went away"),
        ("termios.error: (5, 'Input/output error')", "went away"),
        ("mpremote: [Errno 28] ENOSPC", "is full"),
        ("OSError: 28 no space left", "is full"),
        ("device disconnected or multiple access on port?", "went away"),
        ("mpremote: could not enter raw repl", "does not answer"),
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.", "does not answer"),
        ("something else\nthe last line", "the last line"),
    ],
)
def test_failed_tool_is_one_clear_line(flash: Run, printed: str, says: str) -> None:
    assert says in refused(flash(says=printed, fails=1))


def test_tool_that_fails_without_a_word_is_told() -> None:
    assert tool.explain_failure("\n", "/dev/ttyUSB0") == "it printed nothing"


def test_start_is_not_watched_where_the_port_is_no_path(flash: Run) -> None:
    run = flash("--watch", "60", port="rfc2217://127.0.0.1:1")
    assert run.exit_code == 0
    assert "not watched: rfc2217://127.0.0.1:1 is no path" in run.stderr


def test_failed_step_is_the_last(flash: Run, bench: Path) -> None:
    assert flash("--firmware-image", str(image(bench)), fails=2).exit_code == 2
    assert len(_calls((bench / "notes").read_text().splitlines(), bench)) == 1


def test_signal_ends_the_tool_and_takes_the_secrets_away(bench: Path) -> None:
    os.mkfifo(bench / "started")
    (bench / "board").write_text(json.dumps({**BOARD, "pins": list(range(40))}))
    (bench / "mpremote").write_text(WAIT.format(folder=bench))
    environment = {"PATH": f"{bench}:{os.defpath}", "TMPDIR": str(bench), "PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    command = [sys.executable, "-m", "presslight", "flash", "--port", str(bench / "port"), *LIGHT]
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        tool = os.pidfd_open(int((bench / "started").read_text()))
        assert list(bench.glob("presslight-flash-*/settings.json.new"))
        process.terminate()
        process.wait(WAIT_S)
    assert not list(bench.glob("presslight-flash-*"))
    assert select.select([tool], [], [], WAIT_S)[0], "the tool runs on"
    os.close(tool)


def make_small_firmware(folder: Path) -> Path:
    """Less to copy than the real firmware: mpremote is slow on purpose."""
    (folder / "lamp").mkdir(parents=True)
    (folder / "main.py").write_text("import lamp.part\n")
    (folder / "lamp/__init__.py").write_text("VERSION = 'old'\n")
    (folder / "lamp/part.py").write_text("# part\n")
    return folder


@pytest.fixture
def small_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_small_firmware(tmp_path / "firmware")
    monkeypatch.setattr(flash_plan, "FIRMWARE", folder)
    return folder


def test_real_mpremote_puts_the_files_on_a_chip_and_keeps_its_settings_later(
    micropython: Command, small_firmware: Path, tmp_path: Path
) -> None:
    environment = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    with pretended_chip(micropython, tmp_path) as chip:
        first = CliRunner().invoke(app, ["flash", "--port", chip.port, *LIGHT], env=environment)
        assert (first.exit_code, first.stdout) == (0, f"The chip on {chip.port} has its firmware and starts it now.\n")
        boot = chip.boot()
        was = firmware_folder()
        assert (boot.runs, boot.error, boot.watchdog) == ("old", None, [WATCHDOG_MS])
        assert json.loads(boot.files["settings.json"])["wifi"] == {"ssid": "home", "password": "wifiword"}
        assert sorted(boot.files) == [f"{was}/lamp/__init__.py", f"{was}/lamp/part.py", "main.py", "settings.json"]
        (small_firmware / "lamp/__init__.py").write_text("VERSION = 'new'\n")
        again = CliRunner().invoke(app, ["flash", "--port", chip.port, "--watch", "0"])
        assert again.exit_code == 0
        later = chip.boot()
    now = firmware_folder()
    assert (later.runs, later.error) == ("new", None)
    assert later.files["settings.json"] == boot.files["settings.json"]
    assert sorted(later.files) == [f"{now}/lamp/__init__.py", f"{now}/lamp/part.py", "main.py", "settings.json"]


def test_firmware_in_the_place_of_an_older_version_goes(
    micropython: Command, small_firmware: Path, tmp_path: Path
) -> None:
    with pretended_chip(micropython, tmp_path) as chip:
        for command in (
            ("mkdir", ":lib", ":lib/lamp"),
            ("cp", str(small_firmware / "lamp/__init__.py"), ":lib/lamp/"),
            ("cp", str(small_firmware / "main.py"), ":"),
        ):
            subprocess.run([tool.find_program("mpremote"), "connect", chip.port, "fs", *command], check=True)
        run = CliRunner().invoke(app, ["flash", "--port", chip.port, "--watch", "0"])
        assert run.exit_code == 0, run.stderr
        boot = chip.boot()
    assert boot.runs == "old"
    assert not [name for name in boot.files if name.startswith("lib/")]


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (
            {"version": (1, 22, 2)},
            "MicroPython 1.23 or newer, and 1.22.2 is on the chip: take a newer image for ESP32_",
        ),
        ({"platform": "rp2", "machine": "Raspberry Pi Pico with RP2040"}, "is no ESP32, it says rp2"),
        ({"machine": "Something with ESP32-H2"}, "knows no pins of such a chip"),
        ({"machine": "Generic ESP32C3 module with ESP32-C3"}, "GPIO 25 of the esp32c3 (--led-pin) does not exist"),
        ({"pins": [*range(16), *range(18, 25)]}, "GPIO 25 of the esp32 (--led-pin) does not exist on this board"),
    ],
)
def test_board_that_cannot_be_the_light_is_told_and_goes_on(
    micropython: Command, tmp_path: Path, about: dict[str, Any], says: str
) -> None:
    environment = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    with pretended_chip(micropython, tmp_path, **about) as chip:
        run = CliRunner().invoke(app, ["flash", "--port", chip.port, *LIGHT, "--led-pin", "25"], env=environment)
        assert says in refused(run)
        assert chip.boot().files == {}


def test_pin_that_is_read_at_the_start_is_a_warning(micropython: Command, small_firmware: Path, tmp_path: Path) -> None:
    environment = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    with pretended_chip(micropython, tmp_path) as chip:
        run = CliRunner().invoke(app, ["flash", "--port", chip.port, *LIGHT, "--led-pin", "12"], env=environment)
        assert run.exit_code == 0
        assert "GPIO 12 of the esp32 (--led-pin) is read at its start" in run.stderr
        assert json.loads(chip.boot().files["settings.json"])["pins"] == {"lamp": 12, "button": 0}


def test_usual_pins_are_those_of_the_board(micropython: Command, small_firmware: Path, tmp_path: Path) -> None:
    environment = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword"}
    with pretended_chip(micropython, tmp_path, machine="Generic ESP32C3 module with ESP32-C3FH4") as chip:
        run = CliRunner().invoke(app, ["flash", "--port", chip.port, *LIGHT], env=environment)
        assert (run.exit_code, "GPIO" in run.stderr) == (0, False)
        assert json.loads(chip.boot().files["settings.json"])["pins"] == {"lamp": 4, "button": 9}
