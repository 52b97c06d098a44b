"""What a library does not promise is used up to a tried version only: an upper bound, with its reason."""

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OWNERS = packages_distributions()
"""Which distributions each importable package is of."""
PARTS = ("broker", "cloud", "contract", "mobile_sim", "presslight")
PROJECT = (ROOT / "pyproject.toml").read_text()
REQUIREMENTS = tomllib.loads(PROJECT)["project"]
BOUNDED = {
    canonicalize_name(wish.name)
    for wish in map(
        Requirement,
        [
            *REQUIREMENTS["dependencies"],
            *(wish for extra in REQUIREMENTS["optional-dependencies"].values() for wish in extra),
        ],
    )
    if any(each.operator == "<" for each in wish.specifier)
}
DOCUMENTED = {
    *("aiomqtt", "aiomqtt.exceptions", "fastapi", "fastapi.exceptions", "fastapi.openapi.utils", "fastapi.security"),
    *(
        "hdrh.histogram",
        "paho.mqtt.client",
        "paho.mqtt.reasoncodes",
        "prometheus_client",
        "prometheus_client.core",
        "psycopg",
        "psycopg.abc",
        "psycopg.conninfo",
    ),
    *(
        "psycopg.rows",
        "pydantic",
        "pydantic.json_schema",
        "pydantic_core",
        "pydantic_core.core_schema",
        "segno",
        "rich.align",
        "rich.console",
        "rich.live",
    ),
    *("rich.panel", "rich.progress", "rich.status", "rich.table", "rich.text", "starlette.exceptions"),
    *("starlette.requests", "starlette.responses", "starlette.routing", "starlette.types"),
    *("httptools", "starlette.websockets"),
    *("structlog", "typer", "typer.core", "uvicorn", "uvloop", "websockets.asyncio.client", "websockets.exceptions"),
    *("websockets.frames", "websockets.protocol"),
}
"""The modules that their libraries document."""


def test_every_library_that_is_used_beyond_its_promises_is_bounded() -> None:
    used = {name: sorted(where) for name, where in by_library(findings()).items() if name not in BOUNDED}
    assert used == {}


def test_every_bound_is_needed_and_says_why() -> None:
    assert set(by_library(findings())) == BOUNDED
    lines = PROJECT.splitlines()
    for name in BOUNDED:
        (line,) = (number for number, text in enumerate(lines) if re.match(rf'\s+"{name}(\[.*\])?>=.*,<', text))
        assert "#" in lines[line], lines[line]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import uvicorn.protocols.utils", {"uvicorn"}),
        ("from uvicorn.protocols.utils import ClientDisconnected", {"uvicorn"}),
        ("from aiomqtt import client", {"aiomqtt"}),
        ("from aiomqtt import Client", set()),
        ("from aiomqtt import _thing", {"aiomqtt"}),
        ("import asyncio, presslight.cloud.app", set()),
    ],
)
def test_imports_of_what_is_not_documented_are_found(source: str, found: set[str]) -> None:
    assert set(by_library(undocumented(source))) == found


def test_private_members_of_a_base_are_found() -> None:
    assert dict(private_members("presslight.cloud.mqtt.connection"))["aiomqtt"] >= {
        "_client",
        "_disconnected",
        "_on_socket_open",
    }
    assert "aiomqtt" not in dict(private_members("presslight.cloud.mqtt.client"))


@functools.cache
def findings() -> list[tuple[str, str]]:
    """The package and what of it is used without a promise."""
    return list(_findings())


def _findings() -> Iterator[tuple[str, str]]:
    for part in PARTS:
        for file in sorted((ROOT / part).rglob("*.py")):
            text = file.read_text()
            yield from undocumented(text)
            # aiomqtt's client holds paho's.
            yield from (("paho", name) for name in re.findall(r"\._client\.(_[a-z]\w*)", text))
            names = file.relative_to(ROOT).with_suffix("").parts
            module = ".".join(names if part == "presslight" else ("presslight", *names)).removesuffix(".__init__")
            if not module.endswith("__main__"):
                yield from ((package, name) for package, used in private_members(module) for name in used)


def by_library(found: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """What is used, by the name of the distribution."""
    libraries: dict[str, set[str]] = {}
    for package, what in found:
        for owner in OWNERS.get(package, ()):
            libraries.setdefault(canonicalize_name(owner), set()).add(what)
    return libraries


def undocumented(source: str) -> Iterator[tuple[str, str]]:
    """Imports of modules that are not documented, or of private names, from packages of others."""
    for node in ast.walk(ast.parse(source)):
        names: list[tuple[str, str]] = []
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [(node.module, alias.name) for alias in node.names]
        for module, name in names:
            whole = f"{module}.{name}"
            if is_foreign(module) and (module not in DOCUMENTED or name.startswith("_") or is_module(whole)):
                yield module.partition(".")[0], whole


def is_module(name: str) -> bool:
    """Whether a name that was imported from a package is a module that is not documented."""
    try:
        return name not in DOCUMENTED and bool(importlib.util.find_spec(name))
    except (ImportError, ValueError):
        return False


def is_foreign(module: str) -> bool:
    """Whether it is neither ours nor in the standard library."""
    return module.partition(".")[0] in OWNERS and module.partition(".")[0] not in (*PARTS, "lamp")


def private_members(module: str) -> Iterator[tuple[str, set[str]]]:
    """By the package of a base class: its private members that our classes in `module` use or replace."""
    for ours in vars(importlib.import_module(module)).values():
        if isinstance(ours, type) and ours.__module__ == module:
            for base in ours.__mro__[1:]:
                if is_foreign(base.__module__) and (names := mentioned(ours) & members(base)):
                    yield base.__module__.partition(".")[0], names


def mentioned(ours: type) -> set[str]:
    """Private names that a class of ours defines, or reads or sets on itself."""
    return set(re.findall(r"(?:self|super\(\)|def)[. ](_[a-z]\w*)", inspect.getsource(ours)))


def members(base: type) -> set[str]:
    """Private names that a library's class defines or sets on itself."""
    try:
        source = inspect.getsource(base)
    except (OSError, TypeError):  # it is not written in Python
        source = ""
    return {name for name in {*vars(base), *re.findall(r"self\.(_[a-z]\w*)", source)} if re.match("_[a-z]", name)}
