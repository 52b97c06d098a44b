"""A test that fails is named with its reason, whatever else happens in that moment."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FAILS = '''
import gc
import traceback

USUAL, FEW = gc.get_threshold()[0], 1_000


class Loose:
    """Garbage without end, each of which formats a traceback as it goes."""

    def __init__(self):
        self.me = self

    def __del__(self):
        if gc.get_threshold()[0] == FEW:
            Loose()
        try:
            raise RuntimeError("this is lost")
        except RuntimeError:
            traceback.format_exc()


def test_on_purpose():
    gc.set_threshold(FEW)
    Loose()
    assert "what came" == "what was due"


def test_after_it():
    gc.set_threshold(USUAL)


def _makes_this_file_long():
    return [
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """This project, and of its tests just what they all share, and one that fails on purpose."""
    for part in ROOT.iterdir():
        if part.name not in ("tests", ".venv", ".git", ".pytest_cache"):
            (tmp_path / part.name).symlink_to(part)
    tests = tmp_path / "tests"
    tests.mkdir()
    for file in (ROOT / "tests").glob("*.py"):
        if not file.name.startswith("test_"):
            (tests / file.name).symlink_to(file)
    (tests / "test_fails.py").write_text(FAILS + "        gc.collect(0),\n" * 2_000 + "    ]\n")
    return tmp_path


def test_failing_test_is_named_with_its_reason(project: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "1", "--dist", "loadfile"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert "FAILED tests/test_fails.py::test_on_purpose - AssertionError" in run.stdout
    assert "E       AssertionError: assert 'what came' == 'what was due'" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
