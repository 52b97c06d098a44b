"""The firmware in its 112 kB: press after press on a real broker, with a live heap that does not grow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.topics import HOME_ASSISTANT_USER
from presslight.simulated.simulated_light import SimulatedLight
from tests.firmware.presser import Presser, pressing

LINK_S = 20
HEAP = 112 * 1024
SETTLING = 4_096
"""What the first presses take for good: names, and a table and buffers at their full size. 2,000 leaks are more."""


@asynccontextmanager
async def hand(folder: Path) -> AsyncIterator[Presser]:
    """A light in 112 kB on Mosquitto, and a hand on it."""
    accounts = Accounts.make(["kitchen"], others=[HOME_ASSISTANT_USER])
    async with Mosquitto(accounts) as broker, AsyncExitStack() as exits:
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        light = await exits.enter_async_context(SimulatedLight("kitchen", address, folder, heap="112k"))
        async with asyncio.timeout(LINK_S):
            await light.until(lambda output: output.link == "up")
        user = broker.address.signed_in_as(HOME_ASSISTANT_USER, accounts.password(HOME_ASSISTANT_USER))
        yield await exits.enter_async_context(pressing(user, "kitchen"))


async def test_presses_leave_no_trace_in_the_heap(tmp_path: Path) -> None:
    async with hand(tmp_path) as presser:
        at_birth = presser.report.heap
        await presser.press_many(2_000)
        later = (await presser.beat()).heap
    assert 0 < later < at_birth + SETTLING < HEAP


@pytest.mark.nightly
@pytest.mark.timeout(900)
async def test_a_hundred_thousand_presses_leave_no_trace_in_the_heap(tmp_path: Path) -> None:
    async with hand(tmp_path) as presser:
        await presser.press_many(10_000)
        heaps = [(await presser.beat()).heap]
        for _ in range(9):
            await presser.press_many(10_000)
            heaps.append((await presser.beat()).heap)
        assert presser.report.decided == 100_000
    assert max(heaps) < HEAP
    assert max(heaps[1:]) <= heaps[0], heaps
