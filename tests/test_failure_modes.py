"""docs/failure-modes.md, checked: no row is missing, no answer is vague, every test that it names exists and ran."""

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.outcomes import OUTCOMES, Outcomes

TESTS = Path(__file__).parent
TABLE = TESTS.parent / "docs" / "failure-modes.md"
COLUMNS = ["component", "fails", "the user sees", "within", "the system does", "shown by"]
VAGUE = re.compile(r"\b(undefined|hangs?|unknown behaviou?r|unclear|tbd|depends)\b|\?\?", re.IGNORECASE)
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`( \*\(nightly\)\*)?")
WITHIN = re.compile(r"at once|\b\d+(\.\d+)? s\b|one round trip|at its boot|time that the caller gives it")
REQUIRED = {
    "phone": {"asleep", "reloaded or app killed", "disk", "clock", "token revoked", "unknown token", "too many presses",
              "reads nothing", "no longer so", "many at once", "overtaken"},
    "network": {"slow and lossy", "answer lost", "forgot the connection", "none", "half-open", "uplink full",
                "captive portal", "WebSocket", "not found", "name service", "duplicates", "certificate expired"},
    "bridge": {"killed", "deployed", "stands still", "overloaded", "replicas killed", "same key", "open files",
               "mistake", "clock", "garbage"},
    "broker": {"dead", "delivers nothing", "without what it retained", "light only", "retained", "another light's name",
               "garbage"},
    "store": {"disk full", "locked", "frozen or crashed", "power cut", "later version"},
    "light: power": {"none", "cut and back"},
    "light: Wi-Fi": {"during a press", "button", "driver", "half-open", "no address", "certificate"},
    "light: flash": {"middle of a write", "refuses", "certificate"},
    "light: clock": {"wraps", "drifts"},
    "light: firmware": {"task breaks", "endless loop", "memory", "garbage", "16 phones", "update", "dies"},
    "operator": {"port in use", "address", "bridge's password", "light's password", "settings", "CA file",
                 "without a CA", "no Mosquitto", "no MicroPython", "wrong token"},
}  # fmt: skip
"""Each component and, by words of their own, the ways it fails that must have a row."""


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


def is_there(test: Named) -> bool:
    file = TESTS / test.file
    if not file.is_file():
        return False
    functions = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == test.name for each in functions
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['component']}: {row['fails']}"[:60])
def test_row_says_what_and_when_and_names_tests_that_are_there(row: Row) -> None:
    assert len(row.cells) == len(COLUMNS)
    assert all(row.cells), "a cell is empty"
    assert not VAGUE.search(" ".join(row.cells))
    assert WITHIN.search(row["within"]), "no time"
    assert row.tests
    assert any(not test.is_nightly for test in row.tests), "only nightly tests show it"
    assert [test for test in row.tests if not is_there(test)] == []
    assert not NAMED.sub("", row["shown by"]).strip(), "something that is no test"


@pytest.mark.parametrize("component", REQUIRED)
def test_every_way_that_a_component_fails_has_its_row(component: str) -> None:
    told = [row["fails"].lower() for row in ROWS if row["component"] == component]
    assert [way for way in REQUIRED[component] if not any(way.lower() in each for each in told)] == []


def test_every_row_is_of_a_component_of_the_list() -> None:
    assert {row["component"] for row in ROWS} == set(REQUIRED)


def test_vague_or_empty_answers_are_found() -> None:
    assert VAGUE.search("the page hangs")
    assert VAGUE.search("undefined")
    text = "| component | fails |\n|---|---|\n| phone | `a.py::test_b` |\n"
    assert rows(text)[-1].cells == ("phone", "`a.py::test_b`")


def test_every_named_test_ran_and_passed(request: pytest.FixtureRequest) -> None:
    """Comes last (tests/outcomes.py). In a run of a part of the suite there is nothing to check."""
    outcomes: Outcomes = request.config.stash[OUTCOMES]
    named = {test.id for row in ROWS for test in row.tests if not test.is_nightly}
    if missing := named - outcomes.collected:
        pytest.skip(f"not a whole run: {len(missing)} of {len(named)} named tests were not asked for")
    skipped = {each for each in named if outcomes.of(each) == {"skipped"}}
    if skipped:
        sys.stdout.write(f"skipped here, each with its reason: {', '.join(sorted(skipped))}\n")
    assert {each: outcomes.of(each) for each in named - skipped if outcomes.of(each) - {"skipped"} != {"passed"}} == {}
