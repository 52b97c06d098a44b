"""Where no bare root can be made, a line says why. (The real ones: `make bare`, and `.ci/run`.)"""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from presslight import debian
from tests.bare import root
from tests.bare.__main__ import NO_ROOT, main, workshop
from tests.bare.root import NoRoot
from tests.lab.namespace import is_permitted


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """`python -m tests.bare bookworm`, by root; the cache it works in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["bare", "bookworm"])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return tmp_path / "presslight"


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr().out.splitlines()
    return [line.partition(" on this machine: ")[2] for line in printed if "no bare root" in line]


def test_run_that_waited_for_another_one_has_a_folder_of_its_own(asked: Path) -> None:
    found: list[bool] = []

    def run() -> None:
        with workshop() as folder:
            found.append(folder.is_dir())

    second = threading.Thread(target=run)
    with workshop():
        second.start()
        lock = (asked / "bare.lock").stat().st_ino
        while not re.search(rf"-> FLOCK .*:{lock} ", Path("/proc/locks").read_text()):
            pass
    second.join()
    assert found == [True]


def test_nobody_but_root_can_make_a_root(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert main() == NO_ROOT
    assert told(capsys) == ["only root can make one"]
    assert [file.name for file in asked.iterdir()] == ["bare.lock"]


def test_no_mirror_is_one_line(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(root, "_debootstrap", lambda: "debootstrap")
    monkeypatch.setattr(debian, "mirrors", list)
    assert main() == NO_ROOT
    assert told(capsys) == ["apt is not set up with a Debian mirror"]


def test_mirror_that_is_away_is_one_line(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(root, "ALONE", ())
    script = asked.parent / "debootstrap"
    script.write_text('#!/bin/sh\necho "I: at $4"\necho "E: Failed getting $5"\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setattr(root, "_debootstrap", lambda: str(script))
    monkeypatch.setattr(debian, "mirrors", lambda: ["http://one", "http://two"])
    monkeypatch.setattr(debian, "KEYRING", asked / "none")
    assert main() == NO_ROOT
    assert told(capsys) == ["E: Failed getting http://one"]


def test_tool_that_hangs_is_one_line(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(root, "ALONE", ("sh", "-c", "exec sleep 1000"))
    monkeypatch.setattr(root, "MAKE_S", 0.01)
    monkeypatch.setattr(root, "_debootstrap", lambda: "1")
    monkeypatch.setattr(debian, "mirrors", lambda: ["1"])
    monkeypatch.setattr(debian, "KEYRING", asked / "none")
    assert main() == NO_ROOT
    assert "took longer than" in told(capsys)[0]


def test_mirrors_that_hang_have_one_time_limit_together(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = []

    def hang(_command: list[str], limit_s: float) -> str:
        limits.append(limit_s)
        now.append(now[-1] + limit_s)
        raise NoRoot("it hangs")

    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[-1])
    monkeypatch.setattr(root, "_run", hang)
    monkeypatch.setattr(root, "_debootstrap", lambda: "debootstrap")
    monkeypatch.setattr(debian, "mirrors", lambda: ["http://one", "http://two", "http://three"])
    assert main() == NO_ROOT
    assert limits == [root.MAKE_S, 0, 0]
    assert told(capsys) == ["it hangs"]


@pytest.mark.skipif(not is_permitted(), reason="needs namespaces")
def test_whoever_makes_roots_leaves_no_process_when_killed() -> None:
    """SIGKILL, so that nothing of ours runs any more: the kernel ends what was started, and with it every mount."""
    starts = f"""
import subprocess
subprocess.run([*{root.ALONE}, "sh", "-c", "mount -t tmpfs none /mnt; sleep 1000 & echo started; wait"])
"""
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as us:
        assert us.stdout
        assert us.stdout.readline() == b"started\n"
        us.kill()
        assert select.select([us.stdout], [], [], 20)[0]
        assert us.stdout.read() == b""  # the last that could write there is gone
