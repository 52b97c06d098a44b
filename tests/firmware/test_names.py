import os
import subprocess
from pathlib import Path

from presslight.micropython import Command
from tests.firmware.conftest import FIRMWARE

NAMES = Path(__file__).parent / "on_micropython" / "names.py"


def test_press_makes_no_new_names(micropython: Command) -> None:
    environment = {"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE}:.frozen"}
    ran = subprocess.run([*micropython, str(NAMES)], env=environment, capture_output=True, text=True, check=True)
    before, after = ran.stdout.splitlines()
    assert before == after
