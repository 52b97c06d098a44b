"""What a start lets go: each of it is there before, none after, and nothing else of the light calls it."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

from lamp.scaffold import ONCE
from presslight.micropython import Command
from tests.firmware.conftest import FIRMWARE

PATHS = ONCE.split()
PROGRAM = """
import sys
import lamp.app, lamp.board, lamp.flash, lamp.memory, lamp.scaffold
def found(path):
    owner = lamp
    for each in path.split("."):
        owner = getattr(owner, each)
    return owner
paths = lamp.scaffold.ONCE.split()
print(all([found(path) for path in paths]))
lamp.scaffold.take_down()
print(any([found(path) for path in paths]), "lamp.scaffold" in sys.modules, hasattr(lamp, "scaffold"))
"""


def test_start_lets_go_of_all_that_is_called_once_and_of_what_did_it(micropython: Command, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {"PATH": os.defpath, "MICROPYPATH": f"{FIRMWARE / 'simulator'}:{FIRMWARE}:.frozen"}
    run = subprocess.run([*micropython, str(program)], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["True", "False False False"]


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith(".__init__")])
def test_what_loses_its_constructor_is_made_in_one_place(path: str) -> None:
    made = path.split(".")[1]
    calls = [
        node
        for file in [FIRMWARE / "main.py", *(FIRMWARE / "lamp").glob("*.py")]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == made
    ]
    assert len(calls) == 1
