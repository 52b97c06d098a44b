"""The page opened in Chromium, and how long until a light can be pressed."""

import asyncio
from collections.abc import Callable

from playwright.async_api import BrowserContext

from tests.browser import chromium
from tests.cloud.raw_phone import until

WATCH = """globalThis.pressable = new Promise((tell) => {
    const look = () => {
        const live = document.getElementById('link')?.textContent === 'Live';
        if (live && document.querySelector('#lights [role=switch]')) tell(performance.now());
        else requestAnimationFrame(look);
    };
    look();
});"""
"""How long after the navigation began."""

OPEN_S = 20


async def openings(link: str, is_quiet: Callable[[], bool], times: int) -> list[tuple[float, float]]:
    """Milliseconds in a browser that has never been there, and in one that has; both without a connection yet.

    `is_quiet`: whether the bridge has no connection left.
    """
    async with chromium() as browser:
        await (await browser.new_context()).new_page()  # the first one of a browser takes longer
        told = []
        for _ in range(times):
            phone = await browser.new_context()
            cold_ms = await _open(phone, link)
            await until(is_quiet)
            told.append((cold_ms, await _open(phone, link.partition("#")[0])))
            await phone.close()
        return told


async def _open(phone: BrowserContext, address: str) -> float:
    page = await phone.new_page()
    await page.add_init_script(WATCH)
    await page.goto(address, wait_until="commit")
    async with asyncio.timeout(OPEN_S):
        milliseconds = float(await page.evaluate("pressable"))
    await page.close()
    return milliseconds
