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


def told_folders() -> Iterator[Path]:
    """Where each Chromium that we started was told to keep its temporary files."""
    for process in descendants(os.getpid()):
        with suppress(OSError):  # it has ended meanwhile
            command = Path(f"/proc/{process}/cmdline").read_text()
            variables = Path(f"/proc/{process}/environ").read_text().split("\0")
            if "--user-data-dir=" in command and "--type=" not in command:  # the first of its processes
                told = dict(line.split("=", 1) for line in variables if "=" in line)
                yield Path(told.get("TMPDIR", tempfile.gettempdir()))


async def test_temporary_files_go_with_the_browser() -> None:
    before = set(told_folders())  # of the browser that the tests of the page share
    async with chromium() as browser:
        await browser.new_page()
        folders = set(told_folders()) - before  # a set: what it forks looks like it for a moment
        assert len(folders) == 1
        assert folders != {Path(tempfile.gettempdir())}
    assert [folder for folder in folders if folder.exists()] == []
