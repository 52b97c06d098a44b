"""Tables of what a phone's pure machines are told and have to answer, the same for `mobile_sim` and the page."""

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

Case = dict[str, Any]


def cases(table: str) -> list[Any]:
    """The cases of a table in this folder, each under its own name."""
    return [pytest.param(case, id=case["name"]) for case in json.loads((HERE / table).read_text())["cases"]]
