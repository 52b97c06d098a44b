"""Presses under every fault of the table: none acts twice or late, no last word is false, all phones see it right.

Drills mostly wait, so that several run at a time, each in a lab of its own; each is judged in a test of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.drill import Fault, Row, drill
from tests.faults.lab import Lab
from tests.faults.table import FAULTS

AT_ONCE = 3
SHOWN_MS = 5_000
"""2 s is the promise; the rest is for a machine on which much else runs."""

Drills = Mapping[str, asyncio.Task[Row]]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drills(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Drills]:
    """The drills that this run's tests will ask for, by the test's name, under way."""
    room = asyncio.Semaphore(AT_ONCE)
    tests = [
        item for item in request.session.items if item.parent is request.node and isinstance(item, pytest.Function)
    ]
    running = {
        test.name: asyncio.create_task(
            _drill(room, _fault_of(test), tmp_path_factory.mktemp("lab"), is_long="nightly" in test.keywords)
        )
        for test in tests
    }
    yield running
    for task in running.values():
        task.cancel()
    await asyncio.gather(*running.values(), return_exceptions=True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_presses_are_once_and_true_under(
    fault: Fault, drills: Drills, request: pytest.FixtureRequest, note: Callable[[Row], None]
) -> None:
    _judge(await drills[request.node.name], note)


@pytest.mark.nightly
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_thousands_of_presses_are_once_and_true_under(
    fault: Fault, drills: Drills, request: pytest.FixtureRequest, note: Callable[[Row], None]
) -> None:
    _judge(await drills[request.node.name], note)


def _judge(row: Row, note: Callable[[Row], None]) -> None:
    note(row)
    assert row.wrongs == []
    assert max(row.shown_ms) < SHOWN_MS


def _fault_of(test: pytest.Function) -> Fault:
    fault = test.callspec.params["fault"]
    assert isinstance(fault, Fault)
    return fault


async def _drill(room: asyncio.Semaphore, fault: Fault, folder: Path, *, is_long: bool) -> Row:
    async with room:
        if not is_long:
            async with Lab(folder, **fault.options) as lab:
                return await drill(lab, fault, seconds=fault.short_s, around=3, rounds=1)
        async with Lab(folder, lights=("kitchen", "hall", "attic"), phones=2, **fault.options) as lab:
            return await drill(lab, fault, seconds=fault.long_s, around=20, rounds=3)
