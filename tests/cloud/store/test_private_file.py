import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreNotOpened
from presslight.cloud.store.database import patient
from presslight.cloud.store.private_file import make_private
from tests.cloud.store_harness import StoreHarness, record


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """As most machines have it: what is made may be read by all."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_store_in_a_folder_that_all_may_read_is_its_owners_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    tested = StoreHarness(tmp_path / "presses.db")
    tested.store.admit(record())
    assert modes(tmp_path) == dict.fromkeys(("presses.db", "presses.db-wal", "presses.db-shm"), 0o600)
    tested.store.shut()


def test_store_that_others_could_read_is_closed_to_them_when_it_is_opened(tmp_path: Path) -> None:
    tested = StoreHarness(tmp_path / "presses.db")
    tested.store.admit(record())
    for file in tmp_path.iterdir():
        file.chmod(0o664)
    with patient(tested.address):
        assert set(modes(tmp_path).values()) == {0o600}
    tested.store.admit(record(2))  # its locks still hold
    tested.store.shut()


def test_file_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreNotOpened, match=r"no such folder/presses\.db"),
        patient(tmp_path / "no such folder" / "presses.db"),
    ):
        pass


def test_file_of_somebody_else_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "presses.db"
    file.touch(mode=0o644)
    monkeypatch.setattr("presslight.cloud.store.private_file.os.geteuid", lambda: os.getuid() + 1)
    make_private(file)
    assert modes(tmp_path) == {"presses.db": 0o644}
