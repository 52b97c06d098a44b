import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.errors import KnownAlready, Refusal, StoreUnavailable
from cloud.record import Record
from cloud.store import MOST_ORIGINS, PRUNED_AT_ONCE, Store, checkpoint
from cloud.tokens import issue_token
from contract.errors import ErrorCode
from contract.phone import Legs
from contract.words import Reason, Word
from tests.cloud.ports import BOOT, key


class Later:
    """Calls nothing until it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))

    def pass_by(self) -> None:
        calls, self.calls = self.calls, []
        for _, call in calls:
            call()


class Shelf:
    """A store, its path, and what went wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.later = Later()
        self.troubles: list[sqlite3.Error] = []
        self.store = self.another()

    def another(self) -> Store:
        store = Store(self.path, self.later, self.troubles.append)
        store.open()
        return store

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.path) as db:
            rows = db.execute(statement, values).fetchall()
        db.close()
        return rows


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "presses.db")
    yield made
    made.store.shut()


def record(number: int = 1, *, phone: str = "ann", origin: str | None = None) -> Record:
    pressed = key(number, origin) if origin else key(number)
    return Record(pressed, "kitchen", phone, "payload", b"message", BOOT, 3_000, Word.ACCEPTED, None, None, None)


def applied(open_record: Record) -> Record:
    legs = Legs(bridge_us=5, ack_us=3, light_us=1)
    return open_record._replace(word=Word.APPLIED, version=(1, 7), legs=legs)


def test_stored_press_is_found_as_it_was(shelf: Shelf) -> None:
    shelf.store.admit(record())
    assert shelf.store.find(key()) == record()
    assert shelf.store.find(key(2)) is None
    assert shelf.store.open_presses() == [record()]


def test_press_is_on_the_disk_when_admit_returns(shelf: Shelf) -> None:
    shelf.store.admit(record())
    assert shelf.sql("SELECT key, word FROM presses") == [(key(), "accepted")]


def test_known_key_is_not_stored_again(shelf: Shelf) -> None:
    shelf.store.admit(record())
    with pytest.raises(KnownAlready) as known:
        shelf.store.admit(record()._replace(payload="other"))
    assert known.value.record == record()


def test_two_stores_on_one_file_admit_a_key_once(shelf: Shelf) -> None:
    other = shelf.another()
    shelf.store.admit(record())
    with pytest.raises(KnownAlready):
        other.admit(record())
    other.shut()


def test_last_word_is_known_at_once_and_written_soon(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    assert shelf.store.find(key()) == applied(record())
    assert shelf.sql("SELECT word FROM presses") == [("accepted",)]
    shelf.later.pass_by()
    assert shelf.sql("SELECT word FROM presses") == [("applied",)]
    assert shelf.store.find(key()) == applied(record())
    assert shelf.store.open_presses() == []


def test_many_last_words_are_written_at_once(shelf: Shelf) -> None:
    for number in range(1, 101):
        shelf.store.admit(record(number))
        shelf.store.close(applied(record(number)))
    assert len(shelf.later.calls) == 1
    shelf.later.pass_by()
    assert shelf.sql("SELECT count(*) FROM presses WHERE word = 'applied'") == [(100,)]


def test_first_last_word_stays(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.later.pass_by()
    shelf.store.close(record()._replace(word=Word.REFUSED, reason=Reason.LATE))
    shelf.later.pass_by()
    assert shelf.store.find(key()) == applied(record())


def test_closed_store_has_written_everything(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    shelf.store.shut()
    again = shelf.another()
    assert again.find(key()) == applied(record())
    again.shut()
    shelf.store = shelf.another()


def test_crash_before_the_last_word_was_written_leaves_the_press_open(shelf: Shelf) -> None:
    shelf.store.admit(record())
    shelf.store.close(applied(record()))
    again = shelf.another()
    assert again.open_presses() == [record()]
    again.shut()


def test_origin_belongs_to_the_phone_that_used_it_first(shelf: Shelf) -> None:
    shelf.store.admit(record(1))
    again = shelf.another()
    for store in (shelf.store, again):
        with pytest.raises(Refusal) as refused:
            store.admit(record(2, phone="bob"))
        assert refused.value.code is ErrorCode.FORBIDDEN
    again.admit(record(3))
    again.admit(record(4, phone="bob", origin="f" * 16))
    again.shut()


def test_origins_in_memory_are_bounded(shelf: Shelf) -> None:
    for number in range(MOST_ORIGINS + 10):
        shelf.store._bind(f"{number:016x}", "ann")
    assert len(shelf.store._origins) <= MOST_ORIGINS
    with pytest.raises(Refusal):
        shelf.store._bind(f"{0:016x}", "bob")


def test_locked_store_refuses_at_once_and_takes_presses_again_later(shelf: Shelf) -> None:
    shelf.store.admit(record(1))
    shelf.store.close(applied(record(1)))
    with sqlite3.connect(shelf.path, isolation_level=None) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable) as unavailable:
            shelf.store.admit(record(2))
        assert (unavailable.value.code, unavailable.value.retry) == (ErrorCode.STORE_UNAVAILABLE, True)
        shelf.later.pass_by()
        assert len(shelf.troubles) == 1
        assert shelf.store.find(key(1)) == applied(record(1))
        assert shelf.store.prune(0, 1) == 0
        locker.execute("ROLLBACK")
    locker.close()
    shelf.store.admit(record(2))
    shelf.later.pass_by()
    assert shelf.sql("SELECT word FROM presses ORDER BY id") == [("applied",), ("accepted",)]


def test_full_disk_refuses(shelf: Shelf) -> None:
    pages = shelf.sql("PRAGMA page_count")[0][0]
    shelf.store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        _fill(shelf.store)


def _fill(store: Store) -> None:
    for number in range(1, 1_000):
        store.admit(record(number))


def test_old_presses_with_a_last_word_are_pruned(shelf: Shelf) -> None:
    for number in range(1, 4):
        shelf.store.admit(record(number))
    shelf.store.close(applied(record(1)))
    shelf.store.close(applied(record(3)))
    shelf.store.flush()
    shelf.sql("UPDATE presses SET asked_at = asked_at - 10000 WHERE key <> ?", key(3))
    assert shelf.store.prune(keep_s=5, keep_presses=1_000) == 1
    assert shelf.sql("SELECT key FROM presses ORDER BY id") == [(key(2),), (key(3),)]
    assert shelf.sql("SELECT count(*) FROM origins") == [(1,)]


def test_presses_over_the_number_kept_are_pruned_a_part_at_a_time(shelf: Shelf) -> None:
    for number in range(1, PRUNED_AT_ONCE + 21):
        shelf.store.admit(record(number))
        shelf.store.close(applied(record(number)))
    shelf.store.flush()
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == PRUNED_AT_ONCE
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == 10
    assert shelf.store.prune(keep_s=1_000, keep_presses=10) == 0


def test_origin_is_free_again_once_its_presses_are_gone(shelf: Shelf) -> None:
    shelf.store.admit(record(1))
    shelf.store.admit(record(1, origin="f" * 16))
    shelf.store.close(applied(record(1)))
    shelf.store.flush()
    shelf.sql("UPDATE presses SET asked_at = 0")
    assert shelf.store.prune(5, 1_000) == 1
    shelf.store.admit(record(1, phone="bob"))
    with pytest.raises(Refusal):
        shelf.store.admit(record(2, phone="bob", origin="f" * 16))


def test_log_of_changes_is_moved_into_the_database(shelf: Shelf) -> None:
    for number in range(1, 200):
        shelf.store.admit(record(number))
    before = shelf.path.stat().st_size
    checkpoint(shelf.path)
    assert shelf.path.stat().st_size > before
    assert len(shelf.store.open_presses()) == 199


def test_log_that_grew_long_is_started_anew(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.store.LONGEST_WAL_BYTES", 100_000)
    log = shelf.path.with_name(shelf.path.name + "-wal")
    longest = 0
    for number in range(1, 1_000):
        shelf.store.admit(record(number))
        shelf.store.shorten()
        longest = max(longest, log.stat().st_size)
    assert longest < 300_000


def test_write_of_another_process_is_noticed(shelf: Shelf) -> None:
    shelf.store.admit(record())
    assert not shelf.store.touched()
    token = issue_token(shelf.path, "ann")
    assert shelf.store.touched()
    assert not shelf.store.touched()
    assert shelf.store.phone_of(token) == "ann"
    assert shelf.store.phone_of("x") is None


def test_store_that_cannot_be_opened_says_where(tmp_path: Path) -> None:
    store = Store(tmp_path / "missing" / "presses.db", Later(), lambda _: None)
    with pytest.raises(StoreUnavailable, match=r"presses\.db"):
        store.open()


def test_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "presses.db"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Store(path, Later(), lambda _: None).open()


def test_store_of_a_later_version_is_refused(shelf: Shelf) -> None:
    shelf.store.shut()
    shelf.sql("PRAGMA user_version = 99")
    with pytest.raises(StoreUnavailable, match="version 99"):
        shelf.another()
    shelf.sql("PRAGMA user_version = 1")
    shelf.store = shelf.another()
