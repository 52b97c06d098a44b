"""What no committed file may hold: package servers, paths of somebody's machine, loose ends, rules without tests."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each pattern is put together here so that this file does not hold what it looks for.
SERVERS = re.compile(
    "|".join(re.escape(a + "." + b) for a, b in [
        ("pypi", "org"), ("files.python" + "hosted", "org"), ("deb.debian", "org"), ("debian", "org/debian"),
        ("archive.ubuntu", "com"), ("npm" + "js", "org"), ("proxy.golang", "org"), ("crates", "io"),
    ])
)  # fmt: skip
MACHINES = re.compile(
    r"(?<![\w.$}~-])/(?:" + "|".join(["ro" + "ot", "wo" + "rk", "fa" + "rm", r"ho" + r"me/\w+"]) + r")\b"
)
LOOSE_ENDS = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")


@pytest.fixture(scope="module")
def committed() -> dict[str, str]:
    """The text of every committed file, by path; pictures and the like are left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone, so nothing says what is committed")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode()
    return texts


def found(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_server(committed: dict[str, str]) -> None:
    assert found(SERVERS, committed) == []


def test_no_file_holds_a_path_of_somebodys_machine(committed: dict[str, str]) -> None:
    assert found(MACHINES, committed) == []


def test_no_file_leaves_a_loose_end(committed: dict[str, str]) -> None:
    assert found(LOOSE_ENDS, committed) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (SERVERS, "--index-url https://" + "pypi" + ".org/simple"),
        (SERVERS, "deb http://deb.debian" + ".org/debian trixie main"),
        (MACHINES, "open('/ro" + "ot/thing')"),
        (MACHINES, "cd /ho" + "me/ann/lights"),
        (LOOSE_ENDS, "# TO" + "DO: later"),
    ],
)
def test_what_must_not_be_there_is_found(pattern: re.Pattern[str], line: str) -> None:
    assert found(pattern, {"a": f"first\n{line}\n"}) == [f"a:2: {line}"]


@pytest.mark.parametrize("line", ["${ROOT}/lights", "presslight/root", "https://example.org/home", "~/home/ann"])
def test_an_ordinary_path_passes(line: str) -> None:
    assert found(MACHINES, {"a": line}) == []


MIRRORED = ("broker", "cloud", "contract", "firmware/lamp", "mobile_sim")
"""Each module here in which something is decided has a test file of its name.

`presslight` composes: its verbs are tested as they are used. The simulator's stand-ins are tested by what the firmware
makes of them.
"""

RULES = (ast.If, ast.For, ast.While, ast.Try, ast.Match)


def untested(part: str) -> list[str]:
    """The modules of a part in which something is decided, and which have no test file of their own."""
    return [
        path.as_posix()
        for module in sorted((ROOT / part).rglob("*.py"))
        for path in [module.relative_to(ROOT)]
        if decides(ast.parse(module.read_text()))
        and not (ROOT / "tests" / path.parent.as_posix().removesuffix("/lamp") / f"test_{path.name}").exists()
    ]


def decides(tree: ast.Module) -> bool:
    """Whether there is a rule within a function."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(isinstance(node, RULES) for function in functions for node in ast.walk(function))


@pytest.mark.parametrize("part", MIRRORED)
def test_every_rule_is_in_a_module_with_its_own_tests(part: str) -> None:
    assert untested(part) == []


ROWS = ("cloud/store",)
"""Rooms that read a database: a row is read by the names of its columns, so that a further column moves none."""

READS = {"execute", "fetchall", "run", "_ask"}


def read_by_number(source: str) -> list[int]:
    """The lines that index by a number, or that take a row's columns by their order."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(slice=index) if any(
                type(getattr(part, "value", None)) is int for part in ast.walk(index)
            ):
                found.append(index.lineno)
            case ast.For(ast.Tuple() as target, value) | ast.comprehension(ast.Tuple() as target, value):
                found += [target.lineno for name in called(value) if name in READS]
            case ast.Assign([ast.Tuple() as target], value) if "fetchone" in called(value):
                found.append(target.lineno)
    return sorted(set(found))


def called(value: ast.expr) -> set[str]:
    """The methods called in an expression."""
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return {called.attr for called in calls if isinstance(called, ast.Attribute)}


def test_rows_are_read_by_name() -> None:
    sources = {path: path.read_text() for room in ROWS for path in (ROOT / room).rglob("*.py")}
    assert sources
    assert {path.name: lines for path, source in sources.items() if (lines := read_by_number(source))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "key = rows[0]", "key = row[-1]", "same = row[:2]", "rest = rows[0][7:]", "(n,) = db.execute(s).fetchone()",
        "busy, log, moved = db.execute(s).fetchone()", "for key, word in db.execute(s): ...",
        "keys = [key for (key,) in database.run(s)]", "keys = {key for key, _ in self._ask(s, ())}",
    ],
)  # fmt: skip
def test_row_that_is_read_by_number_is_found(line: str) -> None:
    assert read_by_number(f"first = 1\n{line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        'key = row["key"]', "key = rows[number]", "(row,) = self._ask(s, ())", "key: tuple[int, int]",
        'keys = [row["key"] for row in database.run(s)]', "for key, word in words.items(): ...",
    ],
)  # fmt: skip
def test_row_that_is_read_by_name_passes(line: str) -> None:
    assert read_by_number(line) == []
