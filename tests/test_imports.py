"""Which part may import which, and which room of a part: docs/architecture.md, checked against the source."""

import ast
import importlib
import sys
from collections.abc import Container, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = {"broker", "cloud", "contract", "firmware", "lamp", "mobile_sim", "presslight", "tests"}
IN_PRESSLIGHT = {"broker", "cloud", "contract", "firmware", "mobile_sim"}
"""Folders at the top of the repository that are imported as `presslight.NAME`, and under no other name."""
ALLOWED = {
    "contract": {"contract"},
    "firmware": {"lamp"},
    "broker": {"broker", "contract"},
    "cloud": {"cloud", "contract"},
    "mobile_sim": {"mobile_sim", "contract"},
    "presslight": PARTS - {"firmware", "lamp", "tests"},
    "tests": PARTS,
}
PURE_ROOM = "cloud/core"
IMPURE = {"asyncio", "os", "random", "secrets", "socket", "threading", "time"}
ROOMS_APART = {"cloud/http", "cloud/mqtt", "cloud/store", "cloud/websocket"}
"""None of these imports another one of them: what they share is in `cloud/core` or at the top of `cloud`."""

Sources = Mapping[str, str]
"""Python source by its path below the root, with slashes."""


def module_name(path: str) -> str:
    """The name a file is imported by: firmware's files as on the chip, tests from the root, others in presslight."""
    parts = path.removeprefix("firmware/").removesuffix(".py").split("/")
    if path.split("/", maxsplit=1)[0] in IN_PRESSLIGHT - {"firmware"}:
        parts = ["presslight", *parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


@cache
def imported(path: str, source: str) -> tuple[str, ...]:
    """Everything a file asks for, wherever it stands: `a.b` for `import a.b` as for `from a import b`."""
    return tuple(_imported(path, source))


def _imported(path: str, source: str) -> Iterator[str]:
    package = module_name(path).split(".")
    if not path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(ast.parse(source, path)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                above = package[: len(package) - level + 1] if level else []
                base = ".".join([*above, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                ast.Name("__import__" | "import_module") | ast.Attribute(attr="import_module"),
                [ast.Constant(str(name)), *_],
            ):
                yield name


def part_of(name: str) -> str:
    """The part that a dotted name is of; `top-level cloud` where it is imported by a name that it must not have."""
    first, _, rest = name.partition(".")
    second = rest.split(".")[0]
    if first in IN_PRESSLIGHT:
        return f"top-level {first}"
    return second if first == "presslight" and second in IN_PRESSLIGHT else first


def room_of(path: str) -> str:
    """The folder that a file is in."""
    return path.rpartition("/")[0]


def impurities(sources: Sources) -> list[str]:
    """Everything that a pure module must not do: import a clock, a socket, a loop or chance, or await."""
    found = {
        f"{path} imports {name}"
        for path, source in sources.items()
        for name in (each.split(".")[0] for each in imported(path, source))
        if name in IMPURE
    }
    awaiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    found |= {
        f"{path} is async"
        for path, source in sources.items()
        if any(isinstance(node, awaiting) for node in ast.walk(ast.parse(source, path)))
    }
    return sorted(found)


def trespasses(sources: Sources) -> list[str]:
    """Every import from one room into another that it must not know."""
    homes = {module_name(path): room_of(path) for path in sources}
    found = set()
    for path, source in sources.items():
        room = room_of(path)
        for name in imported(path, source):
            target = homes.get(owner(name, homes), "")
            into_shell = room == PURE_ROOM and target.startswith("cloud/") and target != PURE_ROOM
            if into_shell or (room in ROOMS_APART and target in ROOMS_APART - {room}):
                found.add(f"{path} imports {name}")
    return sorted(found)


def crossings(sources: Sources) -> list[str]:
    """Every import from a part that its own part may not import."""
    return sorted(
        {
            f"{path} imports {target}"
            for path, source in sources.items()
            for name in imported(path, source)
            if (target := part_of(name)).startswith("top-level") or target in PARTS - ALLOWED[path.split("/")[0]]
        }
    )


def strangers(sources: Sources, welcome: set[str]) -> list[str]:
    """Every import of a package or part that is neither welcome nor in the standard library."""
    known = welcome | sys.stdlib_module_names
    return sorted(
        {
            f"{path} imports {target}"
            for path, source in sources.items()
            for name in imported(path, source)
            if (target := part_of(name)) not in known
        }
    )


def cycle(sources: Sources) -> list[str]:
    """The modules of one import cycle, in order; empty where there is none."""
    paths = {module_name(path): path for path in sources}
    needs = {
        module: {owner(name, paths) for name in imported(path, sources[path])} - {"", module}
        for module, path in paths.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def owner(name: str, modules: Container[str]) -> str:
    """The module that holds a dotted name; empty for one that is not ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


@pytest.fixture(scope="module")
def sources() -> Sources:
    return {
        file.relative_to(ROOT).as_posix(): file.read_text()
        for part in sorted(PARTS)
        for file in sorted((ROOT / part).rglob("*.py"))
    }


def of_part(sources: Sources, part: str) -> Sources:
    return {path: source for path, source in sources.items() if path.startswith(f"{part}/")}


def test_no_part_imports_what_it_may_not(sources: Sources) -> None:
    assert crossings(sources) == []


def test_no_modules_import_each_other_in_a_circle(sources: Sources) -> None:
    assert cycle(sources) == []


def test_pure_room_has_no_clock_no_socket_no_await(sources: Sources) -> None:
    assert impurities({path: source for path, source in sources.items() if room_of(path) == PURE_ROOM}) == []


def test_modules_that_call_themselves_pure_are(sources: Sources) -> None:
    calling = {
        path: source
        for path, source in sources.items()
        if not path.startswith("tests/") and " Pure" in (ast.get_docstring(ast.parse(source, path)) or "")
    }
    assert calling
    assert impurities(calling) == []


def test_no_room_imports_what_it_must_not_know(sources: Sources) -> None:
    assert trespasses(sources) == []


@pytest.mark.parametrize("part", sorted(IN_PRESSLIGHT))
def test_no_part_can_be_imported_under_a_second_name(part: str) -> None:
    with pytest.raises(ImportError, match=r"presslight|MicroPython"):
        importlib.import_module(part)


def test_each_part_is_a_link_in_presslight() -> None:
    links = {path.name: path.readlink().as_posix() for path in (ROOT / "presslight").iterdir() if path.is_symlink()}
    assert links == {part: f"../{part}" for part in IN_PRESSLIGHT}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("cloud/core/a.py", "import time"),
        ("cloud/core/a.py", "from asyncio import sleep"),
        ("cloud/core/a.py", "async def later(): ..."),
    ],
)
def test_an_impurity_is_found(path: str, source: str) -> None:
    assert len(impurities({path: source})) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("cloud/core/a.py", "from presslight.cloud.store.b import thing"),
        ("cloud/core/a.py", "from presslight.cloud.telemetry import b"),
        ("cloud/http/a.py", "from presslight.cloud.store.b import thing"),
        ("cloud/mqtt/a.py", "from ..store.b import thing"),
    ],
)
def test_a_trespass_is_found(path: str, source: str) -> None:
    others = {f"cloud/{room}/{name}.py": "" for room in ("store", "telemetry") for name in ("b", "__init__")}
    assert len(trespasses({**others, path: source})) == 1


def test_contract_needs_nothing_but_pydantic(sources: Sources) -> None:
    assert strangers(of_part(sources, "contract"), {"contract", "pydantic", "pydantic_core"}) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cloud/a.py", "import presslight.mobile_sim.phone"),
        ("cloud/a.py", "from presslight.mobile_sim import phone"),
        ("cloud/deep/a.py", "from ...firmware import lamp"),
        ("cloud/a.py", "def late():\n    import lamp.gate"),
        ("mobile_sim/a.py", "import importlib\nimportlib.import_module('presslight.cloud.store.store')"),
        ("mobile_sim/a.py", "from importlib import import_module\nimport_module('presslight.cloud')"),
        ("mobile_sim/a.py", "__import__('presslight.broker')"),
        ("broker/a.py", "import os, presslight.cloud as c"),
        ("firmware/lamp/a.py", "from presslight.contract import topics"),
        ("firmware/main.py", "import presslight"),
        ("contract/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from presslight.broker import acl"),
        ("presslight/a.py", "import tests.bench"),
        ("presslight/a.py", "import lamp.gate"),
        ("cloud/a.py", "import presslight"),
        ("cloud/a.py", "from cloud.core import press"),
        ("tests/a.py", "import broker"),
    ],
)
def test_a_forbidden_import_is_found(path: str, line: str) -> None:
    assert len(crossings({path: line})) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cloud/a.py", "from presslight.contract import topics"),
        ("cloud/deep/a.py", "from ..store import Store"),
        ("cloud/a.py", "import mobile_simulation, cloudy"),
        ("firmware/main.py", "import lamp.gate, machine"),
        ("presslight/a.py", "from presslight import cloud, broker, mobile_sim, contract"),
        ("tests/test_a.py", "import lamp.gate, presslight.stack"),
    ],
)
def test_an_allowed_import_passes(path: str, line: str) -> None:
    assert crossings({path: line}) == []


def test_a_stranger_in_contract_is_found() -> None:
    assert strangers({"contract/a.py": "import json, pydantic, fastapi.routing"}, {"contract", "pydantic"}) == [
        "contract/a.py imports fastapi"
    ]


def test_a_circle_of_three_is_found() -> None:
    sources = {
        "cloud/__init__.py": "",
        "cloud/a.py": "from presslight.cloud import b",
        "cloud/b.py": "def late():\n    from .c import thing",
        "cloud/c.py": "import presslight.cloud.a",
    }
    assert set(cycle(sources)) == {f"presslight.cloud.{name}" for name in "abc"}


def test_a_module_that_takes_a_name_from_its_package_is_a_circle() -> None:
    sources = {
        "cloud/__init__.py": "from presslight.cloud.a import thing",
        "cloud/a.py": "from presslight.cloud import other",
    }
    assert set(cycle(sources)) == {"presslight.cloud", "presslight.cloud.a"}


def test_a_package_that_gathers_its_modules_is_no_circle() -> None:
    sources = {
        "cloud/__init__.py": "from presslight.cloud.a import thing\nfrom presslight.cloud.b import other",
        "cloud/a.py": "from presslight.cloud import b",
        "cloud/b.py": "",
    }
    assert cycle(sources) == []
