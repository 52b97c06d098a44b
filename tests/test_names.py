"""Names and docstrings of product code: one meaning of a class name in a part, and first lines that name a thing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("broker", "cloud", "contract", "firmware", "mobile_sim", "presslight")

SHARED = {
    ("firmware", "WLAN"): "stand-ins for one class of the chip: the usual one, and those with a fault of a driver",
    ("firmware", "Pin"): "stand-ins for one class of the chip: the usual one, and one with strapping pins",
}
"""Class names that several modules of a part define on purpose, each with its reason."""

RIDDLE = re.compile(r"(?:What|Who|Where)\b")
"""How a docstring may not begin: its first line is a noun phrase or an imperative in the field's terms."""


def modules(part: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules of a part by their path; the links in `presslight` to other parts are left out."""
    for file in sorted((ROOT / part).rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(tuple(f"presslight/{other}/" for other in PARTS)):
            yield path, ast.parse(file.read_text(encoding="utf-8"), path)


def classes(tree: ast.AST) -> Iterator[str]:
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def docstrings(tree: ast.AST) -> Iterator[str]:
    """The docstrings of a module, its classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def shared_names(part: str) -> set[str]:
    places = defaultdict(set)
    for path, tree in modules(part):
        for name in classes(tree):
            places[name].add(path)
    return {name for name, paths in places.items() if len(paths) > 1}


@pytest.mark.parametrize("part", PARTS)
def test_class_name_has_one_meaning_within_a_part(part: str) -> None:
    allowed = {name for where, name in SHARED if where == part}
    assert sorted(shared_names(part) - allowed) == [], "another meaning for a class name that is taken"
    assert sorted(allowed - shared_names(part)) == [], "one meaning again: take it off the list"


@pytest.mark.parametrize("part", PARTS)
def test_docstring_begins_with_the_thing_and_not_with_a_question(part: str) -> None:
    found = [path for path, tree in modules(part) if any(map(RIDDLE.match, docstrings(tree)))]
    assert found == [], "begin with a noun phrase or an imperative"


def test_shared_names_are_of_parts_that_are_there() -> None:
    assert {part for part, _ in SHARED} <= set(PARTS)


def test_every_docstring_is_looked_at() -> None:
    source = '"""Module."""\nx = 1\n"""What x is."""\nclass A:\n    """Who."""\n    def f(self): "Where."\n'
    assert sum(bool(RIDDLE.match(text)) for text in docstrings(ast.parse(source))) == 3
    assert list(classes(ast.parse("def f():\n    class B: pass\nclass A:\n    class C: pass\n"))) == ["A", "B", "C"]
