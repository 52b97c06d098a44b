"""The layouts of the store: released ones open, a further migration is all or nothing, on both databases."""

import multiprocessing
import signal
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreNotOpened
from presslight.cloud.store.database import Address
from presslight.cloud.store.migrations import MIGRATIONS, LaterLayout, newest_layout, pending_migrations
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S
from tests.cloud.store.layouts import RELEASED, TEXT, TOKEN, be_killed, fill, further, layout_of, load, shape
from tests.cloud.store_harness import StoreHarness, applied, record

TABLES = ["presses", "origins", "tokens", "forgotten", "spoilt", "token_times", "texts"]

FIRST = (
    "CREATE TABLE rooms (light {text} PRIMARY KEY, room TEXT NOT NULL){compact}",
    "INSERT INTO rooms (light, room) SELECT DISTINCT light, 'ground floor' FROM presses",
)
REST = (
    "ALTER TABLE tokens ADD COLUMN home TEXT NOT NULL DEFAULT 'home'",
    "ALTER TABLE origins RENAME COLUMN phone TO holder",
    "UPDATE presses SET phone = upper(phone)",
)
"""None of these can be run twice. With them only the tables that they name are read here."""


def opens(address: Address) -> None:
    StoreHarness(address).store.shut()


def is_of_layout_2(address: Address) -> bool:
    """Whether a store that `fill` made has all that FIRST and REST do, once."""
    with further(*FIRST, *REST):
        tested = StoreHarness(address)
        assert tested.sql("SELECT light, room FROM rooms") == [("kitchen", "ground floor")]
        assert tested.sql("SELECT phone, home FROM tokens") == [("ann", "home")]
        assert tested.sql("SELECT holder FROM origins") == [("ann",)]
        assert tested.store.find(key(1)) == applied(record(1))._replace(phone="ANN")
        tested.store.shut()
    return layout_of(address) == 2


def test_layouts_are_numbered_from_1_without_a_gap() -> None:
    assert [migration.layout for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


@pytest.mark.parametrize(
    ("number", "tables", "pending"),
    [
        (0, [], [1, 2]),
        (0, ["somebody's"], [1, 2]),
        (1, TABLES, [2]),
        (1, [*TABLES, "somebody's"], [2]),
        (1, TABLES[:-1], [1, 2]),
        (2, TABLES[:-1], []),
    ],
)
def test_migrations_that_are_due_follow_from_the_layout(number: int, tables: list[str], pending: list[int]) -> None:
    with further("SELECT 1"):
        assert [migration.layout for migration in pending_migrations(number, tables)] == pending


@pytest.mark.parametrize("number", [-1, newest_layout() + 1])
def test_layout_of_a_later_presslight_is_refused(number: int) -> None:
    with pytest.raises(LaterLayout, match=f"version {number}"):
        pending_migrations(number, TABLES)


@pytest.mark.parametrize("layout", [migration.layout for migration in MIGRATIONS])
def test_store_of_a_released_layout_opens_with_all_that_is_in_it(address: Address, layout: int) -> None:
    load(address, layout)
    assert layout_of(address) == layout
    tested = StoreHarness(address)
    assert tested.store.open_presses() == [record(2)]
    assert tested.store.find(key(1)) == applied(record(1))
    assert tested.store.find_text(TEXT) == record(2)
    assert tested.store.phone_of(TOKEN) == "ann"
    assert [asked.light for asked in tested.store.to_forget()] == ["hall"]
    tested.store.admit(record(3))
    tested.store.shut()
    assert tested.troubles == []
    assert layout_of(address) == newest_layout()


@pytest.mark.parametrize("layout", [migration.layout for migration in MIGRATIONS])
def test_store_of_a_released_layout_becomes_like_a_new_one(
    request: pytest.FixtureRequest, address: Address, tmp_path: Path, layout: int
) -> None:
    load(address, layout)
    opens(address)
    new = tmp_path / "new.db" if isinstance(address, Path) else request.getfixturevalue("postgres").new_database()
    opens(new)
    assert shape(address) == shape(new)


def test_each_layout_has_its_fixtures() -> None:
    expected = [f"layout_{migration.layout}.{kind}.sql" for migration in MIGRATIONS for kind in ("postgres", "sqlite")]
    assert sorted(path.name for path in RELEASED.iterdir()) == expected


def test_store_is_brought_to_the_next_layout(address: Address) -> None:
    load(address, 1)
    assert is_of_layout_2(address)
    assert is_of_layout_2(address)  # the second time there is nothing to do


def test_new_store_is_of_the_newest_layout(address: Address) -> None:
    with further(*REST):
        opens(address)
    assert layout_of(address) == 2


def test_store_of_a_later_layout_is_refused_and_left_as_it_is(address: Address) -> None:
    load(address, 1)
    assert is_of_layout_2(address)
    before = shape(address)
    with pytest.raises(StoreNotOpened, match="it is of version 2, this bridge reads 1") as refused:
        opens(address)
    assert "\n" not in str(refused.value)
    assert shape(address) == before
    assert layout_of(address) == 2


def test_process_that_is_killed_amid_a_migration_leaves_the_layout_before(address: Address) -> None:
    fill(address)
    before = shape(address)
    dying = multiprocessing.get_context("spawn").Process(target=be_killed, args=(address, FIRST, REST))
    dying.start()
    dying.join(WAIT_S)
    assert dying.exitcode == -signal.SIGKILL
    opens(address)
    assert shape(address) == before
    assert layout_of(address) == 1
    assert is_of_layout_2(address)


def test_migration_that_fails_leaves_the_layout_before(address: Address) -> None:
    fill(address)
    before = shape(address)
    with further(*FIRST, "UPDATE nowhere SET room = 1"), pytest.raises(StoreNotOpened, match="nowhere"):
        opens(address)
    assert shape(address) == before
    assert layout_of(address) == 1


def test_bridges_that_open_a_store_at_once_migrate_it_once(address: Address) -> None:
    fill(address)
    with further(*FIRST, *REST):
        at_once([partial(opens, address)] * 4)
    assert is_of_layout_2(address)


def test_bridges_that_make_a_store_at_once_make_it_once(address: Address) -> None:
    with further(*REST):
        at_once([partial(opens, address)] * 4)
    assert layout_of(address) == 2


def at_once(calls: list[Callable[[], None]]) -> None:
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], None]) -> None:
        start.wait(WAIT_S)
        one()

    with ThreadPoolExecutor(len(calls)) as threads:
        list(threads.map(call, calls))


def test_table_that_a_migration_makes_anew_takes_nothing_else_with_it(tmp_path: Path) -> None:
    """SQLite changes a column so. A text goes with its press, but not where all presses move."""
    path = tmp_path / "presses.db"
    fill(path)
    with closing(sqlite3.connect(path)) as file:
        ((made,),) = file.execute("SELECT sql FROM sqlite_master WHERE name = 'presses'")
    anew = made.replace("presses", "presses_anew", 1).replace("{", "{{").replace("}", "}}")
    copy = "INSERT INTO presses_anew SELECT * FROM presses"
    with further(anew, copy, "DROP TABLE presses", "ALTER TABLE presses_anew RENAME TO presses"):
        tested = StoreHarness(path)
        assert tested.store.find_text(TEXT) == record(2)
        tested.sql("DELETE FROM presses")
        assert tested.sql("SELECT * FROM texts") == []
        tested.store.shut()
