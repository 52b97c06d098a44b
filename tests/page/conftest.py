"""A real Chromium, and the page's files without a bridge, for tests that play the bridge themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from presslight.stack import Stack
from tests.browser import chromium
from tests.page.fake_bridge import SITE, FakeBridge, serve_page

HERE = Path(__file__).parent
WAIT_S = 20
"""Bounds every wait for real parts; far over what any takes."""

NewPhone = Callable[..., Awaitable[BrowserContext]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all tests of the page, because they share one browser."""
    one_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(one_loop, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def new_phone(browser: Browser) -> AsyncIterator[NewPhone]:
    """Make phones: the pages of one share a storage, and nothing is left of it."""
    async with AsyncExitStack() as exits:

        async def make(**options: Any) -> BrowserContext:
            context = await browser.new_context(**{"viewport": {"width": 390, "height": 844}} | options)
            exits.push_async_callback(context.close)
            return context

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def context(new_phone: NewPhone) -> BrowserContext:
    """One phone."""
    return await new_phone()


@pytest_asyncio.fixture(loop_scope="session")
async def complaints(context: BrowserContext) -> list[str]:
    """What the pages of this phone wrote to the console as errors, and what they failed to catch."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            heard.append(message.text)

    context.on("console", listen)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


@pytest_asyncio.fixture(loop_scope="session")
async def bridge(context: BrowserContext) -> FakeBridge:
    """A bridge played by the test, for every page of this phone."""
    return await FakeBridge.behind(context)


@pytest_asyncio.fixture(loop_scope="session")
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """Mosquitto, the bridge and two lights with the real firmware."""
    expect.set_options(timeout=WAIT_S * 1_000)
    stack = Stack(broker="mosquitto", lights=("hall", "kitchen"), folder=tmp_path)
    async with asyncio.timeout(4 * WAIT_S), stack:
        yield stack
    expect.set_options(timeout=5_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def modules(browser: Browser) -> AsyncIterator[Page]:
    """A blank page that may import the page's modules; the pure ones leave nothing behind in it."""
    context = await browser.new_context()
    await serve_page(context)
    page = await context.new_page()
    await page.goto(f"{SITE}blank")
    yield page
    await context.close()
