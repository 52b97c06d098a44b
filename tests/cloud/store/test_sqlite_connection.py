import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreNotOpened, StoreUnavailable
from presslight.cloud.store.migrations import newest_layout
from presslight.cloud.store.sqlite_connection import as_store_unavailable, connect, empty_log, transaction


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "presses.db"


@pytest.fixture
def db(store: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(store)) as made:
        yield made


def test_store_that_cannot_be_opened_says_where(tmp_path: Path) -> None:
    with pytest.raises(StoreNotOpened, match=r"presses\.db"):
        connect(tmp_path / "missing" / "presses.db")


def test_store_that_may_not_be_written_is_refused_at_the_start(
    store: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite opens it, for reading."""
    monkeypatch.setattr(
        "presslight.cloud.store.sqlite_connection.os.access", lambda _, mode: not mode & os.W_OK
    )  # root may write all
    with pytest.raises(StoreNotOpened, match=r"presses\.db: it cannot be written"):
        connect(store)


def test_file_that_is_no_store_is_refused(store: Path) -> None:
    store.write_bytes(b"something else entirely" * 100)
    with pytest.raises(StoreNotOpened, match="not a database"):
        connect(store)


def test_store_that_another_process_is_making_is_waited_for(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite waits for no writer where it changes the journal's mode, whatever the timeout."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("presslight.cloud.store.sqlite_connection.sleep", lambda _: other.execute("COMMIT"))
        connect(store).close()


def test_store_that_another_process_does_not_let_go_of_is_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.store.sqlite_connection.OPENING_S", 0)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreNotOpened, match="locked"):
            connect(store)


def test_store_of_a_later_version_is_refused_and_left_as_it_is(db: sqlite3.Connection, store: Path) -> None:
    later = newest_layout() + 1
    db.execute(f"PRAGMA user_version = {later}")
    assert empty_log(db)
    before = store.read_bytes()
    with pytest.raises(StoreNotOpened, match=f"version {later}, this bridge reads {later - 1}"):
        connect(store)
    assert store.read_bytes() == before


def test_store_is_its_owners_alone(db: sqlite3.Connection, store: Path) -> None:
    db.execute("INSERT INTO forgotten VALUES ('hall', 1, NULL)")
    assert {file.name: file.stat().st_mode & 0o077 for file in store.parent.iterdir()} == {
        "presses.db": 0, "presses.db-wal": 0, "presses.db-shm": 0
    }  # fmt: skip


def test_table_that_an_older_bridge_did_without_is_made(db: sqlite3.Connection, store: Path) -> None:
    db.execute("DROP TABLE texts")
    with closing(connect(store)) as again:
        assert again.execute("SELECT * FROM texts").fetchall() == []


def test_log_that_somebody_reads_is_not_emptied(db: sqlite3.Connection, store: Path) -> None:
    db.execute("INSERT INTO forgotten VALUES ('hall', 1, NULL)")
    with closing(connect(store)) as reader:
        db.execute("PRAGMA busy_timeout = 0")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM forgotten").fetchall()
        assert not empty_log(db)
        reader.execute("ROLLBACK")
    assert empty_log(db)
    assert store.with_name("presses.db-wal").stat().st_size == 0


def test_transaction_that_fails_leaves_nothing(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError), transaction(db):
        db.executemany("INSERT INTO forgotten VALUES (?, 1, NULL)", [("hall",), ("hall",)])
    assert not db.in_transaction
    assert db.execute("SELECT * FROM forgotten").fetchall() == []


def test_text_that_is_no_utf_8_is_read_as_such(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO forgotten VALUES ('hall', 1, CAST(x'6dff' AS TEXT))")
    assert db.execute("SELECT answer FROM forgotten").fetchone()["answer"] == "m\ufffd"


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("disk is\n full"), UnicodeDecodeError("utf8", b"m\xff", 1, 2, "")]
)
def test_failure_is_told_in_one_line_without_what_is_spoilt(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as told, as_store_unavailable():
        raise error
    assert str(told.value).count("\n") == 0
    assert "\\xff" not in str(told.value)
