"""Which part may import which, read from the source: the table in docs/architecture.md, checked."""

import ast
import sys
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = {"broker", "cloud", "contract", "firmware", "lamp", "mobile_sim", "presslight", "tests"}
ALLOWED = {
    "contract": {"contract"},
    "firmware": {"lamp"},
    "broker": {"broker", "contract"},
    "cloud": {"cloud", "contract"},
    "mobile_sim": {"mobile_sim", "contract"},
    "presslight": PARTS - {"firmware", "lamp", "tests"},
    "tests": PARTS,
}

Sources = Mapping[str, str]
"""Python source by its path below the root, with slashes."""


def module_name(path: str) -> str:
    """The name a file is imported by: firmware's files as on the chip, all others from the root."""
    parts = path.removeprefix("firmware/").removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(path: str, source: str) -> Iterator[str]:
    """Everything a file asks for, wherever it stands: `a.b` for `import a.b` as for `from a import b`."""
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


def crossings(sources: Sources) -> list[str]:
    """Every import from a part that its own part may not import."""
    return sorted(
        {
            f"{path} imports {target}"
            for path, source in sources.items()
            for name in imported(path, source)
            if (target := name.split(".")[0]) in PARTS - ALLOWED[path.split("/")[0]]
        }
    )


def strangers(sources: Sources, welcome: set[str]) -> list[str]:
    """Every import of a package that is neither welcome nor in the standard library."""
    known = welcome | sys.stdlib_module_names
    return sorted(
        {
            f"{path} imports {target}"
            for path, source in sources.items()
            for name in imported(path, source)
            if (target := name.split(".")[0]) not in known
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


def test_contract_needs_nothing_but_pydantic(sources: Sources) -> None:
    assert strangers(of_part(sources, "contract"), {"contract", "pydantic", "pydantic_core"}) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cloud/a.py", "import mobile_sim.phone"),
        ("cloud/a.py", "from mobile_sim import phone"),
        ("cloud/deep/a.py", "from ...firmware import lamp"),
        ("cloud/a.py", "def late():\n    import lamp.gate"),
        ("mobile_sim/a.py", "import importlib\nimportlib.import_module('cloud.store')"),
        ("mobile_sim/a.py", "from importlib import import_module\nimport_module('cloud')"),
        ("mobile_sim/a.py", "__import__('broker')"),
        ("broker/a.py", "import os, cloud as c"),
        ("firmware/lamp/a.py", "from contract import topics"),
        ("firmware/main.py", "import presslight"),
        ("contract/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from broker import acl"),
        ("presslight/a.py", "import tests.bench"),
        ("presslight/a.py", "import lamp.gate"),
        ("cloud/a.py", "import presslight"),
    ],
)
def test_a_forbidden_import_is_found(path: str, line: str) -> None:
    assert len(crossings({path: line})) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cloud/a.py", "from contract import topics"),
        ("cloud/deep/a.py", "from ..store import Store"),
        ("cloud/a.py", "import mobile_simulation, cloudy"),
        ("firmware/main.py", "import lamp.gate, machine"),
        ("presslight/a.py", "import cloud, broker, mobile_sim, contract"),
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
        "cloud/a.py": "from cloud import b",
        "cloud/b.py": "def late():\n    from .c import thing",
        "cloud/c.py": "import cloud.a",
    }
    assert set(cycle(sources)) == {"cloud.a", "cloud.b", "cloud.c"}


def test_a_module_that_takes_a_name_from_its_package_is_a_circle() -> None:
    sources = {"cloud/__init__.py": "from cloud.a import thing", "cloud/a.py": "from cloud import other"}
    assert set(cycle(sources)) == {"cloud", "cloud.a"}


def test_a_package_that_gathers_its_modules_is_no_circle() -> None:
    sources = {
        "cloud/__init__.py": "from cloud.a import thing\nfrom cloud.b import other",
        "cloud/a.py": "from cloud import b",
        "cloud/b.py": "",
    }
    assert cycle(sources) == []
