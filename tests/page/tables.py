"""Tables of event sequences, run against a pure machine of the page in Chromium."""

import json
from pathlib import Path
from typing import Any

import pytest

RULES = Path(__file__).parents[1] / "mobile_sim"
"""Holds the tables of the rules that every phone follows."""

Case = dict[str, Any]


def cases(table: Path) -> list[Any]:
    """The cases of a table, each under its own name."""
    return [pytest.param(case, id=case["name"]) for case in json.loads(table.read_text())["cases"]]
