"""The Chromium of this machine, for tests that press on the page or run a client in it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

FLAGS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"),
    # No name service is asked: nobody is behind page.test, whatever the machine's network says to that, and when.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """It runs meanwhile, with its temporary files in `folder`: its renderers are killed at the end, and leave some."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "these tests need Chromium: tests/install.sh installs it"
    variables: dict[str, str | float | bool] = {**os.environ, "TMPDIR": str(folder)}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS, env=variables)
        yield browser
        await browser.close()
