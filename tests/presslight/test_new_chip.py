"""A new chip's first flashing, with the real esptool, the real mpremote, a boot loader and MicroPython."""

import asyncio
import os
import random
import signal
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from presslight.command import app
from presslight.flashing import flash_plan
from presslight.micropython import Command
from tests.presslight.flashing.test_flash_plan import image
from tests.presslight.new_chip import new_chip
from tests.presslight.verbs.test_flash import LIGHT, small_firmware

__all__ = ["small_firmware"]  # a fixture
CALL = b"\r\x03\r\x01"
"""What mpremote says before it waits for an answer."""

ENVIRONMENT = {"PRESSLIGHT_WIFI_PASSWORD": "wifiword", "PRESSLIGHT_BROKER": None}


def test_new_chip_is_a_light_after_the_first_flashing(
    micropython: Command, small_firmware: Path, tmp_path: Path
) -> None:
    options = ("--firmware-image", str(image(tmp_path)), "--erase", *LIGHT)
    with new_chip(micropython, tmp_path) as new:
        run = CliRunner().invoke(app, ["flash", "--port", new.port, *options], env=ENVIRONMENT)
        assert run.exit_code == 0, run.stderr
        assert new.resets == 2  # after the erasing and after the writing
        assert new.flash.read(0x1000, 14) == image(tmp_path).read_bytes()[:14]
        assert new.chip.boot().files == {}  # with MicroPython for the first time
        assert new.chip.boot().runs == "old"


@pytest.mark.parametrize("step", ["erase", "write"])
def test_esptool_that_is_killed_leaves_a_chip_that_the_same_command_makes_a_light(
    micropython: Command, small_firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """In the middle of the image the second time round: it is three blocks long."""
    path = image(tmp_path)
    path.write_bytes(whole := path.read_bytes() + random.Random(1).randbytes(48_000))
    options = ("--firmware-image", str(path), "--erase", *LIGHT)
    started: list[Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*command: str, **options: Any) -> Process:
        started.append(await start(*command, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    with new_chip(micropython, tmp_path, image=whole) as new:

        def kill(done: str) -> None:
            if done == step:
                new.flash.on = lambda _: None
                os.kill(started[-1].pid, signal.SIGKILL)

        new.flash.on = kill
        cut = CliRunner().invoke(app, ["flash", "--port", new.port, *options], env=ENVIRONMENT)
        assert (cut.exit_code, len(started)) == (2, 1 if step == "erase" else 2)
        assert new.flash.read(0x1000, len(whole)) != whole
        run = CliRunner().invoke(app, ["flash", "--port", new.port, *options], env=ENVIRONMENT)
        assert run.exit_code == 0, run.stderr
        assert new.chip.boot().files == {}
        assert new.chip.boot().runs == "old"


def test_chip_that_hears_nothing_while_it_formats_its_flash_is_called_again(
    micropython: Command, small_firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_plan, "TRY_S", 5)  # on a pseudo-terminal mpremote itself waits for ever, not for 10 s
    with new_chip(micropython, tmp_path, deaf_to=len(CALL)) as new:
        run = CliRunner().invoke(
            app, ["flash", "--port", new.port, "--firmware-image", str(image(tmp_path)), *LIGHT], env=ENVIRONMENT
        )
        assert run.exit_code == 0, run.stderr


def test_chip_that_never_starts_is_told(
    micropython: Command, small_firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_plan, "TRY_S", 1)
    monkeypatch.setattr(flash_plan, "FIRST_START_S", 1)
    with new_chip(micropython, tmp_path, deaf_to=1_000) as new:
        run = CliRunner().invoke(
            app, ["flash", "--port", new.port, "--firmware-image", str(image(tmp_path)), *LIGHT], env=ENVIRONMENT
        )
    assert run.exit_code == 2
    assert f"the chip on {new.port} does not answer" in run.stderr.splitlines()[-1]


def test_new_chip_without_an_image_is_told_which_it_needs(
    micropython: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash_plan, "ANSWER_S", 1)
    monkeypatch.setattr(flash_plan, "NAME_S", 60)
    with new_chip(micropython, tmp_path) as new:
        run = CliRunner().invoke(app, ["flash", "--port", new.port, *LIGHT], env=ENVIRONMENT)
    assert run.exit_code == 2
    said = run.stderr.splitlines()[-1]
    assert (
        f"the esp32 on {new.port} is there, and no MicroPython answers on it: take an image for ESP32_GENERIC" in said
    )
