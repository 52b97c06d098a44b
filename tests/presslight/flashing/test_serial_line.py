"""What a board prints, on a pseudo-terminal."""

import asyncio
import os
import tty
from collections.abc import Iterator

import pytest

from presslight.flashing.serial_line import read_until

WAIT_S = 30


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    inside, port = os.openpty()
    tty.setraw(port)
    yield inside, port
    os.close(inside)
    os.close(port)


async def test_lines_are_heard_until_it_is_enough(ends: tuple[int, int]) -> None:
    inside, port = ends
    heard: list[str] = []

    def hear(line: str) -> bool:
        heard.append(line)
        if len(heard) == 1:
            os.write(inside, b"ond\r\n\xff\r\nlast\r\nmore\r\n")
        return line == "last"

    os.write(inside, b"first\r\nsec")
    assert await read_until(os.ttyname(port), hear, WAIT_S)
    assert heard == ["first", "second", "\ufffd", "last"]


async def test_silence_is_waited_for_no_longer_than_told(ends: tuple[int, int]) -> None:
    assert not await read_until(os.ttyname(ends[1]), lambda _: True, 0.05)


async def test_port_that_is_away_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr("presslight.flashing.serial_line.RETRY_PAUSE_S", 0.01)
    link = tmp_path_factory.mktemp("port") / "port"
    first = os.openpty()
    link.symlink_to(os.ttyname(first[1]))
    heard: list[str] = []
    away = asyncio.Event()

    def hear(line: str) -> bool:
        heard.append(line)
        away.set()
        return line == "back"

    watch = asyncio.create_task(read_until(str(link), hear, WAIT_S))
    os.write(first[0], b"before\n")
    await away.wait()
    for end in first:
        os.close(end)
    link.unlink()
    inside, port = os.openpty()
    tty.setraw(port)
    os.write(inside, b"back\n")
    link.symlink_to(os.ttyname(port))
    assert await watch
    assert heard == ["before", "back"]
    os.close(inside)
    os.close(port)


async def test_port_that_never_comes_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.flashing.serial_line.RETRY_PAUSE_S", 0.01)
    assert not await read_until("/dev/nowhere", lambda _: True, 0.05)
