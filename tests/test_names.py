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

STILL_TO_BE_RENAMED = {
    ("cloud", "Counts"),
    ("cloud", "State"),
}
"""Class names with several meanings in a part today. A name that has one meaning again leaves this set."""

RIDDLE = re.compile(r"(?:What|Who|Where)\b")
"""How a docstring may not begin: its first line is a noun phrase or an imperative in the field's terms."""

STILL_TO_BE_REWORDED = {
    "cloud/core/allowance.py",
    "cloud/core/bound.py",
    "cloud/core/shown_versions.py",
    "cloud/core/display.py",
    "cloud/core/events.py",
    "cloud/core/report_effect.py",
    "cloud/core/legs.py",
    "cloud/core/light.py",
    "cloud/core/open_presses.py",
    "cloud/core/ports.py",
    "cloud/core/press.py",
    "cloud/core/probe.py",
    "cloud/core/record.py",
    "cloud/http/document.py",
    "cloud/http/host_check.py",
    "cloud/http/pages.py",
    "cloud/http/responses.py",
    "cloud/http/routes.py",
    "cloud/websocket/bad_frame.py",
    "cloud/websocket/handshake.py",
    "cloud/websocket/outbox.py",
    "cloud/websocket/ports.py",
    "cloud/websocket/session.py",
    "contract/address.py",
    "contract/channels.py",
    "contract/damping.py",
    "contract/errors.py",
    "contract/mqtt.py",
    "contract/open_files.py",
    "contract/phone.py",
    "contract/plain.py",
    "contract/rate.py",
    "contract/strangers.py",
    "contract/tcp.py",
    "contract/topics.py",
    "contract/words.py",
    "mobile_sim/measure/tally.py",
}
"""Files with such docstrings today. A file without any leaves this set."""


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
    allowed = {name for where, name in STILL_TO_BE_RENAMED | SHARED.keys() if where == part}
    assert sorted(shared_names(part) - allowed) == [], "another meaning for a class name that is taken"
    assert sorted(allowed - shared_names(part)) == [], "one meaning again: take it off the list"


@pytest.mark.parametrize("part", PARTS)
def test_docstring_begins_with_the_thing_and_not_with_a_question(part: str) -> None:
    found = {path for path, tree in modules(part) if any(map(RIDDLE.match, docstrings(tree)))}
    allowed = {path for path in STILL_TO_BE_REWORDED if path.startswith(f"{part}/")}
    assert sorted(found - allowed) == [], "begin with a noun phrase or an imperative"
    assert sorted(allowed - found) == [], "reworded: take it off the list"


def test_lists_name_parts_that_are_there() -> None:
    assert {path.split("/")[0] for path in STILL_TO_BE_REWORDED} <= set(PARTS)
    assert {part for part, _ in STILL_TO_BE_RENAMED | SHARED.keys()} <= set(PARTS)
    assert STILL_TO_BE_RENAMED.isdisjoint(SHARED)


def test_every_docstring_is_looked_at() -> None:
    source = '"""Module."""\nx = 1\n"""What x is."""\nclass A:\n    """Who."""\n    def f(self): "Where."\n'
    assert sum(bool(RIDDLE.match(text)) for text in docstrings(ast.parse(source))) == 3
    assert list(classes(ast.parse("def f():\n    class B: pass\nclass A:\n    class C: pass\n"))) == ["A", "B", "C"]
