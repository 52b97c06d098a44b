"""What the phone's tests share: a bridge that can fail on purpose, and short waits between attempts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from presslight.mobile_sim import backoff
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge

LONGEST_S = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test here waits for ever."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.parent == Path(__file__).parent:
            item.obj = bounded(item.obj) if iscoroutinefunction(item.obj) else item.obj


def bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def run(**fixtures: object) -> None:
        async with asyncio.timeout(LONGEST_S):
            await test(**fixtures)

    return run


@pytest.fixture
async def bridge() -> AsyncIterator[FakeBridge]:
    async with FakeBridge() as fake:
        yield fake


@pytest.fixture
async def phone(bridge: FakeBridge) -> AsyncIterator[Phone]:
    async with Phone(bridge.url, TOKEN) as on:
        yield on


@pytest.fixture(autouse=True)
def quick_return(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost link comes back at once."""
    monkeypatch.setattr(backoff, "BACKOFF_BASE_MS", 1)
    monkeypatch.setattr(backoff, "BACKOFF_CAP_MS", 20)
    monkeypatch.setattr(backoff, "BACKOFF_NOBODY_MS", 20)
