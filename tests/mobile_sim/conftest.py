"""What the phone's tests share: a bridge that can fail on purpose, and short waits between attempts."""

from collections.abc import AsyncIterator

import pytest

from mobile_sim import backoff
from mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge


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
    monkeypatch.setattr(backoff, "BASE_MS", 1)
    monkeypatch.setattr(backoff, "CAP_MS", 20)
