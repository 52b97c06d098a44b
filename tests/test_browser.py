"""Chromium leaves nothing behind."""

import os
import tempfile
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


def temporary_folder(process: int) -> Path:
    """Where a process was told to keep its temporary files."""
    variables = Path(f"/proc/{process}/environ").read_text().split("\0")
    told = [value for name, _, value in (line.partition("=") for line in variables) if name == "TMPDIR"]
    return Path(told[0] if told else tempfile.gettempdir())


def is_browser(process: int) -> bool:
    """Whether it is Chromium's first process."""
    command = Path(f"/proc/{process}/cmdline").read_text()
    return "--user-data-dir=" in command and "--type=" not in command


async def test_temporary_files_go_with_the_browser() -> None:
    async with chromium() as browser:
        await browser.new_page()
        folders = [temporary_folder(process) for process in descendants(os.getpid()) if is_browser(process)]
        assert len(folders) == 1
        assert folders != [Path(tempfile.gettempdir())]
    assert [folder for folder in folders if folder.exists()] == []
