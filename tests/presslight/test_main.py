"""The command's streams and exit codes, as a process of its own."""

import asyncio
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.core import TyperCommand

from presslight import __main__
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge

ROOT = Path(__file__).parents[2]
WAIT_S = 60
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
TERMINALS = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "C, not coerced": ASCII,
    "ISO-8859-1": {"PYTHONIOENCODING": "iso-8859-1"},
    "ISO-8859-1 as locale": {"LC_ALL": "en_US.ISO-8859-1"},
    "ASCII": {"PYTHONIOENCODING": "ascii:strict"},
}
VERBS = {
    "up": ["--lights", "0"],
    "light": [],
    "measure": [],
    "token": ["--list"],
    "accounts": ["folder", "kitchen"],
    "flash": ["--port", "COM1"],
}


@pytest.fixture
async def bridge() -> AsyncIterator[FakeBridge]:
    async with FakeBridge() as fake:
        yield fake


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locale en_US.ISO-8859-1, where this machine can make it; empty where not."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") and Path("/usr/share/i18n/locales/en_US").exists():
        words = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(folder / "en_US.ISO-8859-1")]
        subprocess.run(words, check=True, timeout=WAIT_S)
    return folder


async def shell(script: str, *words: str, **variables: str) -> tuple[int | None, str]:
    """Run a script in which `"$@"` is the command; gives its exit code and all that was written to stderr, raw."""
    child = await asyncio.create_subprocess_exec(
        "bash", "-c", script, "bash", sys.executable, "-m", "presslight", *words,
        cwd=ROOT, env={**PLAIN, "PRESSLIGHT_TOKEN": TOKEN, **variables},
        stdin=subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WAIT_S):
        _, complaints = await child.communicate()
    return child.returncode, complaints.decode(errors="replace")


def measuring(bridge: FakeBridge, *words: str, budget: str = "60s") -> list[str]:
    return ["measure", "--url", bridge.url, "--presses", "4", "--rate", "50", "--budget", budget, *words]


@pytest.mark.parametrize("terminal", TERMINALS.values(), ids=TERMINALS)
async def test_measure_ends_with_its_result_whatever_the_terminal_can_show(
    bridge: FakeBridge, locales: Path, tmp_path: Path, terminal: dict[str, str]
) -> None:
    file = tmp_path / "m.json"
    words = measuring(bridge, "--json", str(file))
    code, complaints = await shell('"$@"', *words, **terminal, LOCPATH=str(locales))
    assert (code, "Traceback" in complaints) == (0, False), complaints
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "within"


async def test_result_over_the_budget_says_so_whatever_the_terminal_can_show(bridge: FakeBridge) -> None:
    code, complaints = await shell('"$@"', *measuring(bridge, budget="0.001ms"), **ASCII)
    assert code in (1, 2)  # 2: the machine was too busy to say
    assert "over the budget of" in complaints
    assert "Traceback" not in complaints


async def test_help_is_shown_whatever_the_terminal_can_show() -> None:
    assert await shell('"$@"', "measure", "--help", **ASCII) == (0, "")


@pytest.mark.parametrize("screen", ['"$@" | head -n 1', '"$@" >&- 2>&-', '"$@" <&- >&- 2>&-', '"$@" 2>/dev/full'])
async def test_measure_that_nobody_reads_ends_with_its_result(bridge: FakeBridge, tmp_path: Path, screen: str) -> None:
    file = tmp_path / "m.json"
    code, complaints = await shell(f"set -o pipefail; {screen}", *measuring(bridge, "--json", str(file)))
    assert (code, complaints) == (0, "")
    assert json.loads(file.read_text())["verdict"] == "within"


async def test_result_that_cannot_be_printed_is_kept_and_told(bridge: FakeBridge, tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    code, complaints = await shell('"$@" >/dev/full', *measuring(bridge, "--json", str(file)))
    assert (code, complaints) == (2, "presslight: No space left on device\n")
    assert json.loads(file.read_text())["verdict"] == "within"


@pytest.mark.parametrize(
    ("screen", "codes"), [('"$@" >/dev/full 2>&1', {2}), ('"$@" | true', {0, 141}), ('"$@" >&- 2>&-', {0})]
)
async def test_help_that_nobody_reads_ends_with_no_code_of_a_result(screen: str, codes: set[int]) -> None:
    code, complaints = await shell(f"set -o pipefail; {screen}", "--help")
    assert code in codes
    assert complaints == ""


@pytest.mark.parametrize("words", [["--help"], ["--version"], [], ["up", "--help"]])
async def test_words_that_cannot_be_printed_are_told_in_one_line(words: list[str]) -> None:
    assert await shell('"$@" >/dev/full', *words) == (2, "presslight: No space left on device\n")


CRASHES = [
    (RuntimeError("a defect"), 2),
    (AssertionError("a defect"), 2),
    (MemoryError("a defect"), 2),
    (ExceptionGroup("", [ValueError("a defect")]), 2),
    (UnicodeEncodeError("ascii", "x", 0, 1, "a defect"), 2),
    (OSError(errno.ENOSPC, "No space left on device"), 2),
    (SystemExit(1), 2),
    (KeyboardInterrupt(), 130),
    (EOFError(), 130),
    (BrokenPipeError(errno.EPIPE, "Broken pipe"), 2),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("error", "code"), CRASHES, ids=lambda value: type(value).__name__)
def test_crash_never_ends_with_the_code_of_a_result(
    verb: str, error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(TyperCommand, "invoke", fail)
    monkeypatch.setattr(sys, "argv", ["presslight", verb, *VERBS[verb]])
    assert __main__._run() == code


def test_defect_is_told_whole() -> None:
    script = "import sys; sys.argv[1:] = ['token']; from presslight import __main__; "
    script += "from presslight.verbs import token; token.store_address = lambda *_: 1 // 0; __main__.main()"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=WAIT_S, check=False)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith(b"ZeroDivisionError")


def test_part_that_is_not_installed_is_no_result() -> None:
    script = "import sys; sys.modules['uvloop'] = None; from presslight.__main__ import main; main()"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=WAIT_S, check=False)
    assert run.returncode == 2
    assert b"uvloop" in run.stderr


async def test_verb_that_is_interrupted_while_it_reads_its_words_is_no_result(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "url")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "presslight", "light", "--broker", f"@{tmp_path / 'url'}", cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    with (tmp_path / "url").open("w"):  # it reads by now
        child.send_signal(signal.SIGINT)
    async with asyncio.timeout(WAIT_S):
        await child.communicate()
    assert child.returncode not in (0, 1)
