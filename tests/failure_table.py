"""The rows of docs/failure-modes.md, and the tests that they name."""

import re
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[1] / "docs" / "failure-modes.md"
COLUMNS = ["component", "fails", "the user sees", "within", "the system does", "shown by"]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`( \*\(nightly\)\*)?")


@dataclass(frozen=True)
class Named:
    """A test that a row names."""

    file: str
    name: str
    is_nightly: bool

    @property
    def id(self) -> str:
        """As pytest names it, without parameters."""
        return f"tests/{self.file}::{self.name}"


@dataclass(frozen=True)
class Row:
    """One way a component fails."""

    cells: tuple[str, ...]

    def __getitem__(self, column: str) -> str:
        return self.cells[COLUMNS.index(column)]

    @property
    def tests(self) -> list[Named]:
        """The tests that show it."""
        return [Named(file, name, bool(nightly)) for file, name, nightly in NAMED.findall(self["shown by"])]


def rows(text: str) -> list[Row]:
    """Every row of every table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [Row(each) for each in cells if list(each) != COLUMNS and set("".join(each)) != {"-"}]


ROWS = rows(TABLE.read_text(encoding="utf-8"))


def named_tests(*, nightly: bool = False) -> set[str]:
    """Every test that a row names for the day, or for the night, as pytest names it without parameters."""
    return {test.id for row in ROWS for test in row.tests if test.is_nightly is nightly}
