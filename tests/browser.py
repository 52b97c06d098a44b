"""The Chromium of this machine, for tests that press on the page or run a client in it."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

FLAGS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"),
    # No name service is asked: nobody is behind page.test, whatever the machine's network says to that, and when.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 10.77.0.1, EXCLUDE localhost",
)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The same engine; the first lacks what a desktop needs, and makes a phone in a third less time."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """It runs meanwhile. Its renderers are killed at the end and leave files, so these are in a folder that goes then.

    The folder's path is short, for Chromium makes a socket below it.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "these tests need Chromium: tests/install.sh installs it"
    with tempfile.TemporaryDirectory(prefix="presslight-chromium-") as folder:
        variables: dict[str, str | float | bool] = {**os.environ, "TMPDIR": folder}
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=found, args=FLAGS, env=variables)
            yield browser
            await browser.close()
