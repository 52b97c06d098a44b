"""The layouts of the store's tables, and the statements that lead from each to the next. Pure; for both databases.

A released migration never changes: what comes later is a further one at the end. A store is brought to the newest
layout when it is opened, in one transaction: a process that is killed in between leaves the layout as it was.
"""

from collections.abc import Collection
from typing import NamedTuple


class LaterLayout(Exception):
    """A later presslight made the store: this one knows nothing of its layout."""


class Migration(NamedTuple):
    """SQL that leads from the layout before to `layout`, with a word of _WORDS in braces where databases differ.

    `number`: a whole number that counts up by itself; `text`: text compared byte by byte; `bytes`; `int`: 64 bits;
    `strict` and `compact`, behind a table: columns keep to their types; for a table of small rows, found by their key.
    """

    layout: int
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        (
            """CREATE TABLE IF NOT EXISTS presses (
    id {number} PRIMARY KEY, key {text} NOT NULL UNIQUE, light TEXT NOT NULL, phone TEXT NOT NULL,
    payload TEXT NOT NULL, message {bytes} NOT NULL, boot TEXT NOT NULL, up {int} NOT NULL,
    word TEXT NOT NULL, reason TEXT, version TEXT, legs TEXT, asked_at {int} NOT NULL, closed_at {int}
){strict}""",
            "CREATE TABLE IF NOT EXISTS origins (origin {text} PRIMARY KEY, phone TEXT NOT NULL){compact}",
            """CREATE TABLE IF NOT EXISTS tokens (
    hash {bytes} PRIMARY KEY, phone TEXT NOT NULL, issued_at {int} NOT NULL
){compact}""",
            """CREATE TABLE IF NOT EXISTS forgotten (
    light {text} PRIMARY KEY, asked_at {int} NOT NULL, answer TEXT
){compact}""",
            "CREATE TABLE IF NOT EXISTS spoilt (id {number} PRIMARY KEY, kept TEXT NOT NULL){strict}",
            """CREATE TABLE IF NOT EXISTS token_times (
    hash {bytes} PRIMARY KEY, expires_at {int}, used_at {int}
){compact}""",
            """CREATE TABLE IF NOT EXISTS texts (
    digest {bytes} PRIMARY KEY, key {text} NOT NULL UNIQUE REFERENCES presses (key) ON DELETE CASCADE
){compact}""",
        ),
    ),
)

_TABLES_OF_1 = {"presses", "origins", "tokens", "forgotten", "spoilt", "token_times", "texts"}


def newest_layout() -> int:
    """The layout that this presslight reads and writes."""
    return max(migration.layout for migration in MIGRATIONS)


def pending_migrations(number: int, tables: Collection[str]) -> list[Migration]:
    """The migrations still to be run, in order, on a store that says it is of layout `number` and has these tables.

    0: it has none yet. Before 0.1.0 layout 1 grew table by table under its one number: if one of them is missing, that
    migration runs again, which makes what is not there. Raises LaterLayout.
    """
    if not 0 <= number <= newest_layout():
        raise LaterLayout(f"it is of version {number}, this bridge reads {newest_layout()}")
    reached = 0 if number == 1 and not _TABLES_OF_1.issubset(tables) else number
    return [migration for migration in MIGRATIONS if migration.layout > reached]
