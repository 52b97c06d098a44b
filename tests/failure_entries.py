"""The entries of docs/failure-modes.md, and the tests that they name."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "failure-modes.md"
FIELDS = ["the user sees", "within", "the system does", "shown by"]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`( \*\(nightly\)\*)?")


@dataclass(frozen=True)
class Named:
    """A test that an entry names."""

    file: str
    name: str
    is_nightly: bool

    @property
    def id(self) -> str:
        """As pytest names it, without parameters."""
        return f"tests/{self.file}::{self.name}"


@dataclass(frozen=True)
class Entry:
    """One way that a component fails. `fields`: name and text of each, in their order."""

    component: str
    fails: str
    fields: tuple[tuple[str, str], ...]

    def __getitem__(self, field: str) -> str:
        return dict(self.fields)[field]

    @property
    def tests(self) -> list[Named]:
        """The tests that show it."""
        return [Named(file, name, bool(nightly)) for file, name, nightly in NAMED.findall(self["shown by"])]


def entries(text: str) -> list[Entry]:
    """Every entry of a page: a heading `### component: how it fails`, and a list item for each field."""
    return [_entry(part) for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]]


def _entry(part: str) -> Entry:
    heading, _, rest = part.partition("\n")
    component, _, fails = heading.partition(": ")
    items = re.findall(r"^- ([^:]+):(.*(?:\n +.*)*)", rest, flags=re.MULTILINE)
    return Entry(component, fails, tuple((name, " ".join(text.split())) for name, text in items))


ENTRIES = entries(PAGE.read_text(encoding="utf-8"))


def named_tests(*, nightly: bool = False) -> set[str]:
    """Every test that an entry names for the day, or for the night, as pytest names it without parameters."""
    return {test.id for entry in ENTRIES for test in entry.tests if test.is_nightly is nightly}
