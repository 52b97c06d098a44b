"""Chromium leaves nothing behind."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.browser import chromium


def descendants(process: int) -> set[int]:
    """All processes below it."""
    below: set[int] = set()
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it has ended meanwhile
            below.update(map(int, file.read_text().split()))
    return below.union(*map(descendants, below))


def temporary_files(process: int) -> Iterator[str]:
    """The paths of Chromium's temporary files that it has open, also of those that have no name any more."""
    for file in Path(f"/proc/{process}/fd").glob("*"):
        with suppress(OSError):  # it was closed meanwhile
            if "org.chromium." in (path := str(file.readlink())):
                yield path


async def test_temporary_files_go_with_the_browser() -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto("data:text/html,<canvas>")
        files = [path for process in descendants(os.getpid()) for path in temporary_files(process)]
        folders = {Path(path).parent for path in files}
        assert len(folders) == 1
        assert folders != {Path(tempfile.gettempdir())}
    assert [folder for folder in folders if folder.exists()] == []
