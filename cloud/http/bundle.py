"""Scripts made of the page's modules: each module in a function of its own, after those that it imports. Pure.

A module has its imports and exports at the beginning of a line, in the forms that `_IMPORT` and `_EXPORT` name.
JSDoc is left out: it is a quarter of the bytes, and tells types to `deno check` only.
"""

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_IMPORTED = re.compile(r"(\w+)(?: as \w+)?")
_EXPORT = re.compile(r"^export ((?:async function|function|class|const) (\w+))", re.MULTILINE)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b.*|\bimport(?:\(|\.meta).*", re.MULTILINE)

_JSDOC = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)


def bundles(modules: Mapping[str, str], entries: Sequence[str]) -> list[str]:
    """Make a script for each entry: of all modules, text by name, that it needs and no earlier script has.

    Raises ValueError for an import that leads nowhere, in a circle, or is of a form that is not known here.
    """
    for name, text in modules.items():
        _check(name, text, modules)
    needs = {name: {found[2] for found in _IMPORT.finditer(text)} for name, text in modules.items()}
    order = list(TopologicalSorter(needs).static_order())
    wanted = [_needed(entry, needs) for entry in entries]
    new = [names.difference(*wanted[:place]) for place, names in enumerate(wanted)]
    return ["".join(_wrapped(name, modules[name]) for name in order if name in names) for names in new]


def _needed(entry: str, needs: Mapping[str, set[str]]) -> set[str]:
    return {entry}.union(*(_needed(name, needs) for name in needs[entry]))


def _check(name: str, text: str, modules: Mapping[str, str]) -> None:
    for found in _IMPORT.finditer(text):
        if found[2] not in modules:
            raise ValueError(f"{name}.js: there is no {found[2]}.js")
        if missing := set(_IMPORTED.findall(found[1])) - set(_exports(modules[found[2]])):
            raise ValueError(f"{name}.js: {found[2]}.js exports no {min(missing)}")


def _exports(text: str) -> list[str]:
    return [found[2] for found in _EXPORT.finditer(text)]


def _wrapped(name: str, text: str) -> str:
    """The module as a function that is called at once and answers with its exports."""
    body = _EXPORT.sub(r"\1", _IMPORT.sub(_as_constants, _JSDOC.sub("", text)))
    if unknown := _UNKNOWN.search(body):
        raise ValueError(f"{name}.js: no form that the bundle knows: {unknown[0]}")
    exports = ", ".join(_exports(text))
    return "\n".join([f"const ${name} = (() => {{", '"use strict";', body, f"return {{ {exports} }};", "})();", ""])


def _as_constants(found: re.Match[str]) -> str:
    names = found[1].replace(" as ", ": ")
    return f"const {names} = ${found[2]};"
