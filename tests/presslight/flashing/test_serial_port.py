"""Ports that cannot be used, with the real mpremote and esptool on pseudo-terminals."""

import fcntl
import os
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.command import app
from presslight.flashing import flash_plan
from presslight.flashing.serial_port import port_error
from tests.presslight.flashing.test_flash_plan import image

WAIT_S = 60
HOLD = """
import fcntl, os, sys, termios
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
{how}
print("held", flush=True)
sys.stdin.read()
"""
WAYS = {
    "flock": "fcntl.flock(port, fcntl.LOCK_EX)",
    "TIOCEXCL": "fcntl.ioctl(port, termios.TIOCEXCL)",
    "both": "fcntl.flock(port, fcntl.LOCK_EX); fcntl.ioctl(port, termios.TIOCEXCL)",
}


class Terminal:
    """A pseudo-terminal, with nothing that answers at its other end."""

    def __init__(self) -> None:
        self._inside, self._port = os.openpty()
        tty.setraw(self._port)
        self.port = os.ttyname(self._port)

    def listen(self) -> None:
        """Read and say nothing, until it is unplugged."""
        with suppress(OSError):
            while os.read(self._inside, 4_096):
                pass

    def unplug(self) -> None:
        """Let it vanish."""
        ends = self._port, self._inside
        self._port = self._inside = -1
        for end in ends:
            os.close(end)

    def close(self) -> None:
        if self._port >= 0:
            self.unplug()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@contextmanager
def held(port: str, how: str) -> Iterator[None]:
    """Another process has the port."""
    command = [sys.executable, "-c", HOLD.format(how=how), port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


def flash(port: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["flash", "--port", port, *options], env={"PRESSLIGHT_BROKER": None})


def image_options(folder: Path) -> tuple[str, ...]:
    """What makes esptool the first to use the port."""
    return "--firmware-image", str(image(folder))


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("tool", ["mpremote", "esptool"])
def test_port_that_another_process_has_is_in_use(terminal: Terminal, how: str, tool: str, tmp_path: Path) -> None:
    with held(terminal.port, how):
        run = flash(terminal.port, *(image_options(tmp_path) if tool == "esptool" else ()))
    assert run.exit_code == 2
    assert run.stderr.splitlines()[-1] == (f"presslight: {terminal.port} is in use: close the program that has it open")


def test_port_is_free_again_once_the_other_has_left(terminal: Terminal) -> None:
    with held(terminal.port, WAYS["flock"]):
        assert port_error(terminal.port) is not None
    assert port_error(terminal.port) is None
    assert port_error(terminal.port) is None  # asking keeps no lock


@pytest.mark.parametrize("tool", ["mpremote", "esptool"])
def test_tool_that_finds_the_port_taken_meanwhile_is_told_as_in_use(
    terminal: Terminal, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken between our own look and the tool's."""
    monkeypatch.setattr("presslight.verbs.flash.port_error", lambda _: None)
    with held(terminal.port, WAYS["flock"]):
        run = flash(terminal.port, *(image_options(tmp_path) if tool == "esptool" else ()))
    assert f"{terminal.port} is in use" in run.stderr


def test_chip_that_says_nothing_is_told_in_time(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flash_plan.ANSWER_S + flash_plan.NAME_S < 20
    monkeypatch.setattr(flash_plan, "ANSWER_S", 1)
    threading.Thread(target=terminal.listen, daemon=True).start()
    run = flash(terminal.port)
    assert run.exit_code == 2
    assert f"the chip on {terminal.port} does not answer" in run.stderr


def test_chip_that_says_nothing_to_esptool_is_told(terminal: Terminal, tmp_path: Path) -> None:
    threading.Thread(target=terminal.listen, daemon=True).start()
    run = flash(terminal.port, *image_options(tmp_path))
    assert run.exit_code == 2
    assert f"the chip on {terminal.port} does not answer" in run.stderr


@pytest.mark.parametrize("tool", ["mpremote", "esptool"])
def test_port_that_vanishes_in_the_middle_is_told(terminal: Terminal, tool: str, tmp_path: Path) -> None:
    def vanish() -> None:
        assert os.read(terminal._inside, 1)  # the tool has begun
        terminal.unplug()

    thread = threading.Thread(target=vanish, daemon=True)
    thread.start()
    run = flash(terminal.port, *(image_options(tmp_path) if tool == "esptool" else ()))
    thread.join(WAIT_S)
    assert run.exit_code == 2
    told = run.stderr.splitlines()[-1]
    gone = f"presslight: there is no {terminal.port}: is the chip plugged in?"
    assert told in (
        gone,
        f"presslight: {terminal.port} went away: is its cable well?",
    )  # its name may be another's by now


def test_port_of_somebody_else_is_told_as_not_allowed(terminal: Terminal) -> None:
    if os.geteuid():
        pytest.skip("only root can make a port that this user may not use")
    Path(terminal.port).chmod(0o600)
    os.seteuid(65_534)
    try:
        told = port_error(terminal.port)
    finally:
        os.seteuid(0)
    assert told
    assert f"you may not use {terminal.port}: add yourself to the group that owns it" in told


@pytest.mark.parametrize("port", ["/dev/nowhere", "/dev/null/x", "/"])
def test_port_that_is_none_is_told(port: str) -> None:
    run = flash(port)
    assert run.exit_code == 2
    assert port in run.stderr.splitlines()[-1]


def test_name_that_is_no_path_is_left_to_the_tools() -> None:
    assert port_error("COM3") is None
    assert port_error("rfc2217://127.0.0.1:1") is None


def test_asking_changes_nothing(terminal: Terminal) -> None:
    fcntl.ioctl(terminal._port, termios.TIOCNXCL)
    before = termios.tcgetattr(terminal._port)
    assert port_error(terminal.port) is None
    assert termios.tcgetattr(terminal._port) == before
