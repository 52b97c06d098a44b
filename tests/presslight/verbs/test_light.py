"""The verb `presslight light`, as a person uses it: in a (pseudo-)terminal, in a pipe, with mistakes."""

import asyncio
import os
import signal
import termios
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from presslight.broker.accounts import Accounts
from presslight.broker.mosquitto import Mosquitto
from presslight.command import app
from presslight.simulated import simulated_light
from tests import forked
from tests.forked import Forked

NOWHERE = "mqtt://127.0.0.1:9"
ENDS = {"TERM": signal.SIGTERM, "HUP": signal.SIGHUP}
WAIT_S = 30


ENVIRONMENT = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PRESSLIGHT_BROKER": NOWHERE}
LEAVE_ALTERNATE_SCREEN = "\x1b[?1049l"


class Terminal:
    """A terminal with the light in it: what it shows from the last look on, and keys. `before`: its modes till then."""

    def __init__(self, keyboard: int, screen: asyncio.StreamReader, process: Forked, before: list[object]) -> None:
        self._keyboard = keyboard
        self._screen = screen
        self.process = process
        self.before = before

    def type(self, key: str) -> None:
        os.write(self._keyboard, key.encode())

    async def shows(self, words: str) -> None:
        async with asyncio.timeout(WAIT_S):
            await self._screen.readuntil(words.encode())

    async def exit_code(self) -> int:
        async with asyncio.timeout(WAIT_S):
            return await self.process.wait()

    def modes(self) -> list[object]:
        """How the terminal treats keys and lines."""
        return list(termios.tcgetattr(self._keyboard))


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    async with AsyncExitStack() as exits:
        keyboard, inside = os.openpty()
        exits.callback(os.close, inside)
        screen = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(keyboard, "rb", 0)
        )
        exits.callback(transport.close)
        before = list(termios.tcgetattr(inside))
        own = {**ENVIRONMENT, "TMPDIR": str(tmp_path)}
        process = await forked.start("light", stdin=inside, stdout=inside, stderr=inside, env=own, session=True)
        exits.push_async_callback(killed, process)
        yield Terminal(keyboard, screen, process, before)


async def killed(process: Forked) -> None:
    process.kill()
    await process.wait()


def run(*options: str, **more: str) -> Result:
    """Run the verb to its end, without a terminal."""
    return CliRunner().invoke(app, ["light", *options], env={"PRESSLIGHT_BROKER": NOWHERE, **more})


async def test_space_switches_the_light_in_the_terminal(terminal: Terminal) -> None:
    await terminal.shows("link lost")
    terminal.type(" ")
    await terminal.shows("on, PWM 100 %")
    terminal.type(" ")
    await terminal.shows("off")
    terminal.type("q")
    assert await terminal.exit_code() == 0


async def test_r_cuts_the_power_and_w_takes_wifi_away_and_back(terminal: Terminal) -> None:
    await terminal.shows("link lost")
    terminal.type("w")
    await terminal.shows("Wi-Fi is away")
    terminal.type("w")
    await terminal.shows("Wi-Fi is back")
    terminal.type("r")
    await terminal.shows("power cut, power back")
    terminal.type("q")
    assert await terminal.exit_code() == 0


@pytest.mark.parametrize("end", ["q", "\x03", "TERM", "HUP"])
async def test_terminal_is_as_it_was_afterwards(terminal: Terminal, end: str, tmp_path: Path) -> None:
    await terminal.shows("q: quit")
    assert terminal.modes() != terminal.before
    if end in ENDS:
        terminal.process.send_signal(ENDS[end])
    else:
        terminal.type(end)
    await terminal.shows(LEAVE_ALTERNATE_SCREEN)
    assert await terminal.exit_code() == 0
    assert terminal.modes() == terminal.before
    assert is_empty(tmp_path)


async def test_light_that_dies_leaves_the_terminal_and_says_why(terminal: Terminal) -> None:
    await terminal.shows("q: quit")
    os.kill(child_of(terminal.process.pid), signal.SIGKILL)
    await terminal.shows(LEAVE_ALTERNATE_SCREEN)
    await terminal.shows("the simulated light kitchen ended by itself with exit code -9")
    assert await terminal.exit_code() == 2
    assert terminal.modes() == terminal.before


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


async def test_pipe_gets_a_line_per_change_until_sigterm(tmp_path: Path) -> None:
    accounts = Accounts.make(["kitchen"])
    async with asyncio.timeout(WAIT_S), Mosquitto(accounts) as broker:
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        (tmp_path / "broker").write_text(address.url())
        process = await forked.start("light", "--broker", f"@{tmp_path / 'broker'}", stdout=PIPE, env=ENVIRONMENT)
        try:
            assert process.stdout
            while await process.stdout.readline() != b"kitchen: link up\n":
                assert not process.stdout.at_eof()
            process.terminate()
            assert (await process.wait(), await process.stdout.read()) == (0, b"")
        finally:
            await killed(process)


async def test_reader_that_leaves_ends_the_light_quietly() -> None:
    reader, writer = os.pipe()
    process = await forked.start("light", stdout=writer, stderr=PIPE, env=ENVIRONMENT)
    os.close(writer)
    os.close(reader)
    async with asyncio.timeout(WAIT_S):
        _, complaint = await process.communicate()
    assert (process.returncode, complaint) == (0, b"")


async def test_flash_folder_keeps_what_the_light_keeps(tmp_path: Path) -> None:
    process = await forked.start("light", "--flash", str(tmp_path / "flash"), stdout=PIPE, env=ENVIRONMENT)
    assert process.stdout
    await process.stdout.readline()
    process.terminate()
    await process.communicate()
    assert {"settings.json", "record-0"} & {path.name for path in (tmp_path / "flash").iterdir()}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--broker", "kitchen.example"), "a broker address looks like"),
        (("--broker", "@/nowhere/broker"), "cannot be read from /nowhere/broker"),
        (("--broker", "mqtts://127.0.0.1"), "--ca-file"),
        (("--name", "Kitchen"), "a light's name"),
        (("--heap", "much"), "a heap looks like"),
        (("--heap", "10"), "a heap looks like"),
        (("--flash", "/proc/none"), "/proc/none"),
        (("--fault", "sing"), "no chip has 'sing'; there are: tick MS, "),
    ],
)
def test_mistake_is_one_clear_line(options: tuple[str, ...], says: str) -> None:
    ended = run(*options)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_no_micropython_is_one_clear_line() -> None:
    simulated_light._micropython.cache_clear()
    ended = run(PRESSLIGHT_MICROPYTHON="/nowhere/micropython")
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert "MicroPython" in ended.stderr


async def test_chip_and_its_faults_are_asked_for_by_option(tmp_path: Path) -> None:
    options = ("--chip", "--fault", "flash ENOSPC write", "--fault", "heap 30")
    process = await forked.start(
        "light", *options, stdout=PIPE, stderr=PIPE, env=ENVIRONMENT | {"TMPDIR": str(tmp_path)}
    )
    assert process.stdout
    async with asyncio.timeout(WAIT_S):
        said = [await process.stdout.readline() for _ in range(2)]
    process.terminate()
    await process.communicate()
    assert said == [b"kitchen: the heap grows\n", b"kitchen: flash: 28\n"]


def test_heap_that_is_too_small_says_so() -> None:
    ended = run("--heap", "16k")
    assert ended.exit_code == 2
    assert "MemoryError" in ended.stderr
