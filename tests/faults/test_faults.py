"""Presses under every fault of the table: none acts twice or late, no last word is false, all phones see it right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.drill import Fault, Row, drill
from tests.faults.lab import Lab
from tests.faults.table import FAULTS

SHOWN_MS = 5_000
"""2 s is the promise; the rest is for a machine on which much else runs."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_presses_are_once_and_true_under(fault: Fault, tmp_path: Path, note: Callable[[Row], None]) -> None:
    async with Lab(tmp_path, **fault.options) as lab:
        row = await drill(lab, fault, seconds=fault.short_s, around=3, rounds=1)
    note(row)
    assert row.wrongs == []
    assert max(row.shown_ms) < SHOWN_MS


@pytest.mark.nightly
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_thousands_of_presses_are_once_and_true_under(
    fault: Fault, tmp_path: Path, note: Callable[[Row], None]
) -> None:
    async with Lab(tmp_path, lights=("kitchen", "hall", "attic"), phones=2, **fault.options) as lab:
        row = await drill(lab, fault, seconds=fault.long_s, around=20, rounds=3)
    note(row)
    assert row.wrongs == []
    assert max(row.shown_ms) < SHOWN_MS
