"""Temporary folders: gone at their end, or after a kill with the next one for that purpose."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.temporary_folder import temporary_folder

HOLD = """
import sys
from presslight.temporary_folder import temporary_folder
with temporary_folder("light") as folder:
    (folder / "flash").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, by us and by what we start."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def folder_of(other: subprocess.Popen[str]) -> Path:
    assert other.stdout
    return Path(other.stdout.readline().strip())


def test_folder_is_private_and_gone_at_its_end(place: Path) -> None:
    with temporary_folder("light") as folder:
        (folder / "settings.json").touch()
        assert [folder] == list(place.iterdir())
        assert folder.name.startswith("presslight-light-")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []


def test_folder_that_somebody_has_tidied_up_is_no_error_at_its_end() -> None:
    with temporary_folder("light") as folder:
        folder.rmdir()


def test_folder_of_a_process_that_was_killed_goes_with_the_next(other: subprocess.Popen[str], place: Path) -> None:
    left = folder_of(other)
    other.kill()
    other.wait()
    assert (left / "flash").exists()
    with temporary_folder("light") as folder:
        assert list(place.iterdir()) == [folder]


def test_folder_of_a_process_that_runs_stays(other: subprocess.Popen[str]) -> None:
    held = folder_of(other)
    with temporary_folder("light"):
        assert (held / "flash").exists()
    assert other.communicate("")[0] == ""
    assert not held.exists()


def test_what_serves_another_purpose_or_is_somebody_elses_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other_purpose, link, file = (
        place / name for name in ("presslight-up-1", "presslight-light-1", "presslight-light-2")
    )
    other_purpose.mkdir()
    link.symlink_to(other_purpose)
    file.touch()
    with temporary_folder("light"):
        pass
    theirs = place / "presslight-light-3"
    theirs.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: theirs.stat().st_uid + 1)
    with temporary_folder("light"):
        pass
    assert sorted(place.iterdir()) == sorted([other_purpose, link, file, theirs])
