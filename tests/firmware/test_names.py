"""The names that MicroPython keeps for ever: how many the firmware makes, and that a press makes none."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from presslight.micropython import Command
from tests.firmware.conftest import FIRMWARE

SCRIPTS = Path(__file__).parent / "on_micropython"
POOLS = 620
"""How many names the first pools hold: 20, 40, 80, 160, 320. The next one costs 7 kB on 64 bits."""
ROOM = 6
"""For what a session adds, and for what the next features of the firmware are called."""


@pytest.fixture(params=["micropython", "micropython_32"])
def either(request: pytest.FixtureRequest) -> Command:
    """The machine's MicroPython, and one of the chip's 32 bits."""
    command: Command = request.getfixturevalue(request.param)
    return command


def printed(micropython: Command, script: str) -> list[str]:
    environment = {"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE / 'simulator'}:{FIRMWARE}:.frozen"}
    words = [*micropython, "-X", "heapsize=400k", str(SCRIPTS / script)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


def test_press_makes_no_new_names(either: Command) -> None:
    before, after = printed(either, "names.py")
    assert before == after


def test_firmware_leaves_room_for_more_names(either: Command) -> None:
    (told,) = printed(either, "all_names.py")
    found = re.search(r"n_qstr=(\d+)", told)
    assert found
    assert int(found[1]) <= POOLS - ROOM
