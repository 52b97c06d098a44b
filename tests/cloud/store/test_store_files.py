from collections.abc import Callable
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreReplaced
from presslight.cloud.store.store_files import INDEX, LOG, StoreFiles

ENDINGS = ("", LOG, INDEX)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "presses.db"
    for ending in ENDINGS:
        at(made, ending).write_bytes(b"12345")
    return made


@pytest.fixture
def files(path: Path) -> StoreFiles:
    made = StoreFiles(path)
    made.remember_files()
    return made


def at(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def test_files_that_grow_are_the_same(path: Path, files: StoreFiles) -> None:
    for ending in ENDINGS:
        at(path, ending).write_bytes(b"1234567")
        assert files.is_wal_whole()


@pytest.mark.parametrize("harm", [replace, Path.unlink])
@pytest.mark.parametrize("ending", ENDINGS)
def test_file_that_is_another_or_gone_is_named(
    path: Path, files: StoreFiles, ending: str, harm: Callable[[Path], None]
) -> None:
    harm(at(path, ending))
    with pytest.raises(StoreReplaced) as replaced:
        files.is_wal_whole()
    assert replaced.value.what.startswith(f"{at(path, ending)} ")
    assert str(path) not in str(replaced.value)  # phones hear that
    assert files.has_database == (ending != "")


def test_file_that_is_back_is_ours(path: Path, files: StoreFiles) -> None:
    path.rename(at(path, "aside"))
    with pytest.raises(StoreReplaced):
        files.is_wal_whole()
    at(path, "aside").rename(path)
    assert files.is_wal_whole()


def test_database_that_was_cut_is_never_trusted_again(path: Path, files: StoreFiles) -> None:
    path.write_bytes(b"1234")
    for _ in range(2):
        with pytest.raises(StoreReplaced, match="replaced"):
            files.is_wal_whole()
        path.write_bytes(b"123456789")


def test_log_that_is_shorter_is_told_from_one_that_is_not_ours(path: Path, files: StoreFiles) -> None:
    at(path, LOG).write_bytes(b"")
    assert not files.is_wal_whole()
    files.remember_files()
    assert files.is_wal_whole()
