import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreReplaced, StoreUnavailable
from presslight.cloud.store.sqlite import Sqlite
from presslight.cloud.store.sqlite_connection import checkpoint
from presslight.cloud.store.store import Store
from presslight.cloud.store.tokens import issue_token
from presslight.contract.errors import ErrorCode
from tests.cloud.ports import key
from tests.cloud.store_harness import StoreHarness, applied, record


@pytest.fixture
def tested(tmp_path: Path) -> Iterator[StoreHarness]:
    made = StoreHarness(tmp_path / "presses.db")
    yield made
    made.store.shut()


def path(tested: StoreHarness) -> Path:
    assert isinstance(tested.address, Path)
    return tested.address


def database(tested: StoreHarness) -> Sqlite:
    assert isinstance(tested.store._database, Sqlite)
    return tested.store._database


def test_write_of_another_process_is_noticed_once(tested: StoreHarness) -> None:
    tested.store.admit(record())
    assert not tested.store.written_elsewhere()
    issue_token(path(tested), "ann")
    assert tested.store.written_elsewhere()
    assert not tested.store.written_elsewhere()


def test_locked_store_refuses_at_once_and_takes_presses_again_later(tested: StoreHarness) -> None:
    tested.store.admit(record(1))
    tested.store.close(applied(record(1)))
    with sqlite3.connect(path(tested), isolation_level=None) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable) as unavailable:
            tested.store.admit(record(2))
        assert (unavailable.value.code, unavailable.value.retry) == (ErrorCode.STORE_UNAVAILABLE, True)
        tested.later.pass_by()
        assert len(tested.troubles) == 2
        assert tested.store.find(key(1)) == applied(record(1))
        with pytest.raises(StoreUnavailable):
            tested.store.prune(0, 1)
        locker.execute("ROLLBACK")
    locker.close()
    tested.store.admit(record(2))
    tested.later.pass_by()
    assert tested.sql("SELECT word FROM presses ORDER BY id") == [("applied",), ("accepted",)]


def test_full_disk_refuses(tested: StoreHarness) -> None:
    pages = tested.sql("PRAGMA page_count")[0][0]
    database(tested)._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        _fill(tested.store)
    assert [str(trouble) for trouble in tested.troubles] == [str(StoreUnavailable("database or disk is full"))]


def _fill(store: Store) -> None:
    for number in range(1, 1_000):
        store.admit(record(number))


@pytest.mark.parametrize("is_there", [True, False])
def test_store_behind_a_link_is_where_the_link_leads(tmp_path: Path, is_there: bool) -> None:
    real, link = tmp_path / "disk" / "presses.db", tmp_path / "presses.db"
    real.parent.mkdir()
    if is_there:
        issue_token(real, "ann")
    link.symlink_to(real)
    tested = StoreHarness(link)
    tested.store.admit(record())
    assert {file.name for file in real.parent.iterdir()} == {"presses.db", "presses.db-wal", "presses.db-shm"}
    assert {file.stat().st_mode & 0o077 for file in real.parent.iterdir()} == {0}
    assert set(tmp_path.iterdir()) == {real.parent, link}
    tested.store.shut()


def test_link_that_leads_elsewhere_is_another_store(tmp_path: Path) -> None:
    link = tmp_path / "presses.db"
    link.symlink_to(tmp_path / "one.db")
    tested = StoreHarness(link)
    tested.store.admit(record())
    issue_token(tmp_path / "other.db", "ann")
    link.unlink()
    link.symlink_to(tmp_path / "other.db")
    with pytest.raises(StoreReplaced):
        tested.store.admit(record(2))
    link.unlink()
    link.symlink_to(tmp_path / "one.db")
    tested.store.admit(record(2))
    tested.store.shut()


@pytest.mark.parametrize("name", ["file:presses.db", ":memory:", "file::memory:?cache=shared"])
def test_name_that_sqlite_would_read_otherwise_is_a_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    tested = StoreHarness(Path(name))
    tested.store.admit(record())
    assert {file.name for file in tmp_path.iterdir()} == {name, f"{name}-wal", f"{name}-shm"}
    tested.store.shut()


def test_log_of_changes_is_moved_into_the_database(tested: StoreHarness) -> None:
    for number in range(1, 200):
        tested.store.admit(record(number))
    before = path(tested).stat().st_size
    checkpoint(database(tested)._maintenance)
    assert path(tested).stat().st_size > before
    assert len(tested.store.open_presses()) == 199


async def test_end_amid_a_checkpoint_has_it_end_first(tested: StoreHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), list[str]()

    def begin() -> int:
        began.set()
        return 1

    def endless(db: sqlite3.Connection) -> None:
        db.create_function("begin", 0, begin)
        with pytest.raises(sqlite3.OperationalError) as error:
            db.execute("WITH RECURSIVE n(i) AS (SELECT begin() UNION ALL SELECT i FROM n) SELECT count(*) FROM n")
        ended.append(str(error.value))

    monkeypatch.setattr("presslight.cloud.store.sqlite.checkpoint", endless)
    monkeypatch.setattr("presslight.cloud.store.sqlite.CHECKPOINT_ROWS", 0)
    tending = asyncio.create_task(database(tested).maintain())
    await asyncio.to_thread(began.wait)
    tending.cancel()
    tested.store.shut()
    assert ended == ["interrupted"]


def test_log_that_grew_long_is_started_anew(tested: StoreHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.store.sqlite.LONGEST_WAL_BYTES", 100_000)
    log = path(tested).with_name(path(tested).name + "-wal")
    longest = 0
    for number in range(1, 1_000):
        tested.store.admit(record(number))
        database(tested).restart_log()
        longest = max(longest, log.stat().st_size)
    assert longest < 300_000


def head_of_log(tested: StoreHarness) -> bytes:
    """It changes as the log is started anew, which SQLite has on the disk before the write that does so goes on."""
    return path(tested).with_name(path(tested).name + "-wal").read_bytes()[:32]


async def test_press_after_upkeep_waits_for_no_disk(tested: StoreHarness) -> None:
    tested.store.admit(record(1))
    await tested.store.maintain()
    tested.store.admit(record(2))
    begun = head_of_log(tested)
    for number in range(3, 6):
        await tested.store.maintain()
        tested.store.admit(record(number))
    assert head_of_log(tested) == begun


@pytest.mark.parametrize("limit", ["CHECKPOINT_ROWS", "CHECKPOINT_S"])
async def test_log_is_moved_after_so_many_rows_or_so_long(
    tested: StoreHarness, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    await tested.store.maintain()
    tested.store.admit(record(1))
    begun = head_of_log(tested)
    monkeypatch.setattr(f"presslight.cloud.store.sqlite.{limit}", 0)
    await tested.store.maintain()
    tested.store.admit(record(2))
    assert head_of_log(tested) != begun


async def test_what_anybody_wrote_is_on_the_disk_after_upkeep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()
    monkeypatch.setattr("presslight.cloud.store.sqlite.os.fdatasync", disk)
    tested = StoreHarness(tmp_path / "presses.db")
    await tested.store.maintain()
    tested.store.admit(record())
    before = disk.synced
    await tested.store.maintain()
    await tested.store.maintain()
    assert disk.synced == before + 1
    issue_token(path(tested), "ann")
    before = disk.synced
    await tested.store.maintain()
    assert disk.synced == before + 1
    disk.fails = True
    tested.store.admit(record(2))
    await tested.store.maintain()
    await tested.store.maintain()
    assert ["the disk failed" in str(error) for error in tested.troubles] == [True, True]
    tested.store.shut()


class Disk:
    """Counts what it is asked to keep. `fails`: it cannot."""

    def __init__(self) -> None:
        self.synced = 0
        self.fails = False

    def __call__(self, _file: int) -> None:
        self.synced += 1
        if self.fails:
            raise OSError(5, "Input/output error")
