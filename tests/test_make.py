"""The verbs, where they meet a machine that lacks something: one clear line and a failure."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make venv` reads, in a folder of its own."""
    for name in ["Makefile", "pyproject.toml", *(lock.name for lock in ROOT.glob("requirements*.lock"))]:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    return subprocess.run(
        ["make", *words], cwd=folder, env=own | settings, capture_output=True, text=True, timeout=60, check=False
    )


def complaints(run: subprocess.CompletedProcess[str]) -> list[str]:
    """What is said besides the progress lines and make's own closing line."""
    lines = (run.stdout + run.stderr).splitlines()
    return [line for line in lines if not line.startswith(("presslight: installing", "make: ***"))]


def test_help_lists_every_verb() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    listed = re.findall(r"^make (\w+)", make(ROOT, "help").stdout, re.MULTILINE)
    assert listed == phony[1].split()


def test_ci_runs_exactly_make_test() -> None:
    script = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in script if "make" in line] == ["exec make test </dev/null"]


@pytest.mark.parametrize("verb", ["venv", "demo", "test", "check"])
def test_a_missing_python_is_one_line(clone: Path, verb: str) -> None:
    run = make(clone, verb, "PYTHON=python0.9")
    assert run.returncode
    assert complaints(run) == [
        "presslight: python0.9 is not Python 3.11 or newer; name one: make PYTHON=python3.11 ..."
    ]


def test_a_python_without_pip_is_one_line(clone: Path) -> None:
    python = clone / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    python.chmod(0o755)
    run = make(clone, "venv", f"PYTHON={python}")
    assert run.returncode
    assert complaints(run) == [f"presslight: {python} has no pip; install the package python3-pip"]


def test_no_network_is_one_line(clone: Path) -> None:
    run = make(clone, "demo", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="http://127.0.0.1:1/")
    assert run.returncode
    cause = "no network, or no package index behind it"
    assert complaints(run) == [
        f"presslight: could not install what presslight runs on: {cause} (all of it: .venv/install.log)"
    ]
