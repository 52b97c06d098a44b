"""What a terminal that is closed ends, and what not."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import ROOT

UP = f"{sys.executable} -m presslight up --lights 0 --port 0"
AS_MAKE_DOES = f"trap : HUP; {UP}; exit"
"""A shell that heeds SIGHUP once the program that it waits for has ended."""

WAIT_S = 60


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A terminal, and the first program in it, in which presslight is up."""
    screen, inside = os.openpty()
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    first = ["setsid", "--ctty", "bash", "-c", AS_MAKE_DOES]
    with subprocess.Popen(first, cwd=ROOT, env=environment, stdin=inside, stdout=inside, stderr=inside) as process:
        os.close(inside)
        seen = b""
        while b"Ctrl-C ends it." not in seen:
            seen += os.read(screen, 4_096)
        yield screen, process
        process.kill()


def test_closed_terminal_ends_what_runs_in_it_though_its_first_program_waits(
    terminal: tuple[int, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    screen, process = terminal
    os.close(screen)
    process.wait(WAIT_S)
    assert list(tmp_path.iterdir()) == []


def ignored(pid: int) -> set[int]:
    """The signals that a process ignores."""
    mask = int(re.findall(r"^SigIgn:\t(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[0], 16)
    return {number for number in signal.valid_signals() if mask >> number - 1 & 1}


def test_program_under_nohup_goes_on_after_sighup(tmp_path: Path) -> None:
    command = ["nohup", *UP.split()]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout
            while b"Ctrl-C ends it." not in (line := process.stdout.readline()):
                assert line
            assert signal.SIGHUP in ignored(process.pid)
        finally:
            process.terminate()
        assert process.wait(WAIT_S) == 0
