"""Files that are replaced in one step."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from presslight.broker.kept_files import only_writer, replace_files


def test_reader_has_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("old")
    with file.open() as reader:
        replace_files({file: "new"})
        assert (reader.read(), file.read_text()) == ("old", "new")
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_replaced_before_all_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    on_disk: list[str] = []

    def fsync(handle: int) -> None:
        assert not first.exists()
        on_disk.append(Path(f"/proc/self/fd/{handle}").read_text())

    monkeypatch.setattr(os, "fsync", fsync)
    replace_files({first: "1", second: "2"})
    assert on_disk == [first.read_text(), second.read_text()] == ["1", "2"]


def test_error_names_the_file_that_was_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for file, number in ((tmp_path / "folder", errno.EISDIR), (tmp_path / "nowhere" / "file", errno.ENOENT)):
        with pytest.raises(OSError) as told:  # noqa: PT011 -- its number and its file are looked at
            replace_files({file: "x"})
        assert (told.value.errno, told.value.filename) == (number, str(file))
    assert [left.name for left in tmp_path.iterdir()] == ["folder"]


def test_replaced_file_keeps_its_mode_and_a_new_one_is_its_owners_alone(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o640)
    replace_files({old: "x", new: "y"})
    assert [file.stat().st_mode & 0o777 for file in (old, new)] == [0o640, 0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write for others")
def test_files_that_root_writes_stay_their_owners(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    os.chown(old, 1234, 1235)
    os.chown(tmp_path, 1236, 1237)
    replace_files({old: "x", new: "y"})
    assert [(file.stat().st_uid, file.stat().st_gid) for file in (old, new)] == [(1234, 1235), (1236, 1237)]


def test_file_that_cannot_be_given_to_its_owner_is_read_by_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shared"
    file.touch()
    file.chmod(0o640)
    monkeypatch.setattr(os, "fchown", lambda *_: (_ for _ in ()).throw(PermissionError))
    replace_files({file: "x"})
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("x", 0o600)


class Waits(Exception):
    """Somebody else has the lock."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who would wait for a lock says so instead."""
    lock = fcntl.flock

    def flock(handle: int, how: int) -> None:
        try:
            lock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Waits from None

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["new", "new/one", "new/one/in it"])
def test_only_one_writes_to_a_folder_also_to_one_that_is_not_there_yet(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    for _ in ("new", "old"):
        with only_writer(folder):
            with pytest.raises(Waits), only_writer(folder):
                pass
            folder.mkdir(parents=True, exist_ok=True)
            replace_files({folder / "file": "x"})
            with pytest.raises(Waits), only_writer(folder):
                pass
    with only_writer(folder):
        pass
    assert (folder / "file").exists()


def test_folder_in_which_nothing_was_written_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(KeyError), only_writer(tmp_path / "new" / "one"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_folder_that_was_taken_away_while_one_waited_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, lock = tmp_path / "new", fcntl.flock
    others: list[Callable[[], None]] = [folder.rmdir]

    def flock(handle: int, how: int) -> None:
        lock(handle, how)
        if others:
            others.pop()()

    monkeypatch.setattr(fcntl, "flock", flock)
    with only_writer(folder):
        assert folder.is_dir()


def test_folder_that_cannot_be_made_is_left_to_who_writes_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "in it", tmp_path / ("long" * 100)):
        with only_writer(folder):
            pass
    assert [left.name for left in tmp_path.iterdir()] == ["file"]
