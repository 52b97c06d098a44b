"""A start from the fork server is the start that a user makes: the same words, streams, folder, network and end."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests import forked
from tests.lab.namespace import Namespace, is_permitted

TELLS = """
import json, os, sys
network, files = os.readlink("/proc/self/ns/net"), sorted(os.listdir("/proc/self/fd"))
print(json.dumps([sys.argv[1:], sys.path[0], os.getcwd(), dict(os.environ), network, files]))
print(len(sys.stdin.read()), file=sys.stderr)
"""
SHOWS = """
import os
from presslight.terminal.console import out
print(out.width, out.color_system, os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpid())
"""
WAIT_S = 30


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules: `tells` and `shows` print what they have, `waits` ends by a signal alone."""
    (tmp_path / "tells.py").write_text(TELLS)
    (tmp_path / "shows.py").write_text(SHOWS)
    (tmp_path / "waits.py").write_text("import signal\nprint('here', flush=True)\nsignal.pause()\n")
    monkeypatch.chdir(tmp_path)


async def real(*words: str, env: dict[str, str]) -> tuple[bytes, bytes, int | None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words), stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, env=env
    )
    return (*await process.communicate(), process.returncode)


async def from_the_server(module: str, *words: str, env: dict[str, str]) -> tuple[bytes, bytes, int | None]:
    process = await forked.start(*words, module=module, stdout=PIPE, stderr=PIPE, env=env)
    return (*await process.communicate(), process.returncode)


@contextmanager
def in_namespace() -> Iterator[None]:
    """In a network of its own, which only some users may make."""
    space = Namespace()
    try:
        with space.entered():
            yield
    finally:
        space.close()


@pytest.mark.parametrize(
    "elsewhere", [False, pytest.param(True, marks=pytest.mark.skipif(not is_permitted(), reason="no namespaces here"))]
)
async def test_forked_program_has_what_a_started_one_has(tmp_path: Path, *, elsewhere: bool) -> None:
    env = {"PATH": os.environ["PATH"], "LC_CTYPE": "C.UTF-8", "PYTHONPATH": str(tmp_path), "ONE": "é"}
    with in_namespace() if elsewhere else nullcontext():
        ours, theirs = await from_the_server("tells", "a", "b", env=env), await real("tells", "a", "b", env=env)
    assert ours == theirs
    assert ours[2] == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -15), (signal.SIGKILL, -9)])
async def test_forked_program_is_ended_by_a_signal(number: int, code: int) -> None:
    process = await forked.start(module="waits", stdout=PIPE)
    assert process.stdout
    async with asyncio.timeout(WAIT_S):
        assert await process.stdout.readline() == b"here\n"
        process.send_signal(number)
        assert await process.wait() == code
    assert await process.communicate() == (b"", b"")


async def test_words_of_a_verb_and_its_exit_code_are_those_of_the_command(tmp_path: Path) -> None:
    env = {**os.environ, "COLUMNS": "200"}
    words = "token", "--revoke", "nobody", "--state", str(tmp_path)
    ours, theirs = await from_the_server("presslight", *words, env=env), await real("presslight", *words, env=env)
    assert ours == theirs
    assert ours[2] == 2


async def test_terminal_and_variables_are_those_of_the_program_and_not_those_of_the_server() -> None:
    """presslight's consoles look at them as they are loaded."""
    keyboard, inside = os.openpty()
    env = {**os.environ, "COLUMNS": "77", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = await forked.start(module="shows", stdin=inside, stdout=inside, env=env, session=True)
    os.close(inside)
    async with asyncio.timeout(WAIT_S):
        assert await process.wait() == 0
    assert os.read(keyboard, 100) == b"77 truecolor True True\r\n"
    os.close(keyboard)
