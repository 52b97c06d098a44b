"""Stores of each released layout, as SQL text in `released/`, and the means to make, load and compare them.

`python -m tests.cloud.store.layouts` writes those of the newest layout, once, before it is released. A file that is
there is never written again: it stands for the stores that people have.
"""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from presslight.cloud.store import migrations
from presslight.cloud.store.database import Address, database_at, patient
from presslight.cloud.store.migrations import Migration, newest_layout
from presslight.cloud.store.tokens import hash_of
from tests.cloud.store_harness import StoreHarness, applied, record
from tests.postgres import PostgresServer, find_program

RELEASED = Path(__file__).parent / "released"
TOKEN = "the token of the fixture"
TEXT = bytes(range(32))
MS = 1_700_000_000_000
"""A moment in 2023, in Unix ms."""

_NOTE = "-- A test fixture: a store of layout {layout} in {database}, made by the presslight that had this layout.\n"
_ROWS = (
    ("INSERT INTO tokens (hash, phone, issued_at) VALUES (?, 'ann', ?)", (hash_of(TOKEN), MS // 1000)),
    ("INSERT INTO token_times (hash, used_at) VALUES (?, ?)", (hash_of(TOKEN), MS // 1000)),
    ("INSERT INTO forgotten (light, asked_at, answer) VALUES ('hall', ?, 'forgotten')", (MS,)),
    ("INSERT INTO spoilt (kept) VALUES ('[]')", ()),
    ("UPDATE presses SET asked_at = ?", (MS,)),
    ("UPDATE presses SET closed_at = ? WHERE closed_at IS NOT NULL", (MS,)),
)
_NOT_OF_THE_STORE = ("--", "\\", "SET ", "SELECT pg_catalog.set_config", "CREATE SCHEMA")

_SQLITE_COLUMNS = """
SELECT tables.name, tables.wr, tables.strict, columns.* FROM pragma_table_list AS tables,
pragma_table_xinfo(tables.name) AS columns WHERE tables.schema = 'main' ORDER BY tables.name, columns.cid
"""
_POSTGRES_COLUMNS = """
SELECT table_name, column_name, data_type, collation_name, is_nullable, is_identity, column_default
FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2
"""
_POSTGRES_CONSTRAINTS = """
SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2, 3
"""


def fill(address: Address) -> None:
    """Have a row in each table: an open press under a text, one with its last word, a token, a forgotten light."""
    tested = StoreHarness(address)
    tested.store.admit(record(1))
    tested.store.admit(record(2), TEXT)
    tested.store.close(applied(record(1)))
    tested.store.flush()
    for statement, values in _ROWS:
        tested.sql(statement, *values)
    tested.store.shut()


def load(address: Address, layout: int) -> None:
    """Make the store that the fixture of a layout tells of."""
    if isinstance(address, Path):
        with closing(sqlite3.connect(address)) as file:
            file.executescript((RELEASED / f"layout_{layout}.sqlite.sql").read_text())
    else:
        with psycopg.connect(address, autocommit=True) as link:
            link.execute((RELEASED / f"layout_{layout}.postgres.sql").read_bytes())


def shape(address: Address) -> list[tuple[object, ...]]:
    """The tables of a store, with their columns and what holds between them."""
    if isinstance(address, Path):
        with closing(sqlite3.connect(address)) as file:
            return file.execute(_SQLITE_COLUMNS).fetchall()
    with psycopg.connect(address, autocommit=True) as link:
        return [*link.execute(_POSTGRES_COLUMNS), *link.execute(_POSTGRES_CONSTRAINTS)]


def layout_of(address: Address) -> int:
    """The number that a store keeps."""
    if isinstance(address, Path):
        with closing(sqlite3.connect(address)) as file:
            (number,) = file.execute("PRAGMA user_version").fetchone()
            return int(number)
    with psycopg.connect(address, autocommit=True) as link:
        found = link.execute("SELECT version FROM store").fetchone()
        assert found
        return int(found[0])


@contextmanager
def further(*statements: str) -> Iterator[None]:
    """Have one more migration, with these statements."""
    before = migrations.MIGRATIONS
    migrations.MIGRATIONS = (*before, Migration(newest_layout() + 1, statements))
    try:
        yield
    finally:
        migrations.MIGRATIONS = before


class Deadly(str):
    """A statement that kills its process before it is run."""

    def format(self, *_args: object, **_words: object) -> str:
        """Die by SIGKILL."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def be_killed(address: Address, before: Iterable[str], after: Iterable[str]) -> None:
    """Open a store of the layout before and be killed in the middle of its migration; for a process of its own."""
    with further(*before, Deadly(), *after):
        database_at(address, print, 5).open()


def _sqlite_dump(folder: Path) -> str:
    path = folder / "presses.db"
    fill(path)
    with closing(sqlite3.connect(path)) as file:
        return "\n".join([*file.iterdump(), f"PRAGMA user_version = {layout_of(path)};"])


def _postgres_dump(server: PostgresServer) -> str:
    url = server.new_database()
    with patient(url) as database:
        schema = str(database.run("SELECT current_schema() AS name")[0]["name"])
    fill(url)
    command = [
        find_program("pg_dump"),
        "--inserts",
        "--no-owner",
        "--no-acl",
        f"--schema={schema}",
        "--dbname",
        server.url("public"),
    ]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = [line for line in dump.splitlines() if line and not line.startswith(_NOT_OF_THE_STORE)]
    return "\n".join(kept).replace(f"{schema}.", "")


def _write(database: str, dump: str) -> None:
    path = RELEASED / f"layout_{newest_layout()}.{database}.sql"
    if not path.exists():
        path.write_text(_NOTE.format(layout=newest_layout(), database=database) + dump + "\n")


if __name__ == "__main__":
    with TemporaryDirectory() as folder, PostgresServer() as server:
        _write("sqlite", _sqlite_dump(Path(folder)))
        _write("postgres", _postgres_dump(server))
