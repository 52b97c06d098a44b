"""Finding MicroPython and keeping a fetched copy; a few shell lines stand in for old, broken and new ones."""

import os
import select
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from presslight import debian
from presslight.micropython import (
    RELEASE,
    VARIABLE,
    Command,
    MicropythonMissing,
    ensure,
    find,
    version,
)

SYSTEM_PATH = "/usr/bin:/bin"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no MicroPython; the folder is searched first for programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return programs


def copies(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache/presslight/micropython").iterdir())


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


def grow(tree: Path, answer: str = "1 25 0") -> Path:
    """An unpacked copy whose loader answers every question with `answer`."""
    script(tree / "usr/lib/any-linux-gnu/ld-linux-any.so.2", f"echo {answer}")
    script(tree / "usr/bin/micropython")
    return tree


def fetching(answer: str) -> Callable[[str, str, Path, str], Path]:
    return lambda _package, _release, folder, _architecture: grow(folder / "tree", answer)


def test_the_real_one_has_what_the_firmware_needs(micropython: Command) -> None:
    run = subprocess.run(
        [*micropython, "-c", "import asyncio, socket, select, tls, vfs, hashlib; vfs.VfsLfs2; print('all')"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("all\n", "")


def test_version_of_the_real_one_is_new_enough(micropython: Command) -> None:
    assert (version(micropython) or ()) >= (1, 22)


@pytest.mark.parametrize("lines", ["exit 1", "echo hello", "echo"])
def test_version_of_another_program_is_none(tmp_path: Path, lines: str) -> None:
    assert not version([str(script(tmp_path / "program", lines))])


def test_find_on_a_bare_machine_is_none(bare: Path) -> None:
    assert find() is None


def test_find_takes_the_one_on_path(bare: Path) -> None:
    program = script(bare / "micropython", "echo 1 24 1")
    assert find() == [str(program)]


def test_find_passes_over_an_old_one_on_path(bare: Path) -> None:
    script(bare / "micropython", "echo 1 19 1")
    assert find() is None


def test_find_takes_the_named_one_with_its_arguments(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(bare / "with space", "echo 1 30 0")
    script(bare / "micropython", "echo 1 24 1")
    monkeypatch.setenv(VARIABLE, shlex.join([str(program), "-X", "heapsize=96k"]))
    assert find() == [str(program), "-X", "heapsize=96k"]


@pytest.mark.parametrize("named", ["/nowhere/micropython", "true", "'unclosed", " "])
def test_a_named_one_that_does_not_start_is_refused(bare: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    script(bare / "micropython", "echo 1 24 1")
    monkeypatch.setenv(VARIABLE, named)
    with pytest.raises(MicropythonMissing, match=VARIABLE) as caught:
        find()
    assert caught.value.code == "micropython_missing"


def test_ensure_keeps_what_it_fetched(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debian, "unpack", fetching("1 25 0"))
    command = ensure()
    monkeypatch.delattr(debian, "unpack")
    assert ensure() == command
    assert version(command) == (1, 25, 0)
    assert copies(tmp_path) == [RELEASE]


def test_32_bits_are_kept_beside_the_machines_own(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    def unpack(_package: str, _release: str, folder: Path, architecture: str) -> Path:
        asked.append(architecture)
        return grow(folder / "tree")

    monkeypatch.setattr(debian, "unpack", unpack)
    assert ensure(32) == ensure(32) != ensure()
    assert asked == ["i386", ""]
    assert copies(tmp_path) == [RELEASE, f"{RELEASE}-i386"]


def test_32_bits_are_not_those_of_the_named_one_or_on_path(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(bare / "micropython", "echo 1 24 1")
    monkeypatch.setenv(VARIABLE, str(program))
    assert find(32) is None


def test_32_bits_are_32_bits(micropython_32: Command) -> None:
    run = subprocess.run(
        [*micropython_32, "-c", "import sys; print(sys.maxsize)"], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) == 2**31 - 1


def test_ensure_replaces_a_broken_copy(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    grow(tmp_path / "cache/presslight/micropython" / RELEASE, "Segmentation fault")
    monkeypatch.setattr(debian, "unpack", fetching("1 25 0"))
    assert version(ensure()) == (1, 25, 0)
    assert copies(tmp_path) == [RELEASE]


def test_two_that_fetch_at_once_share_one_copy(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    together = threading.Barrier(2, timeout=10)
    commands: list[Command] = []

    def unpack(_package: str, _release: str, folder: Path, _architecture: str) -> Path:
        tree = grow(folder / "tree")
        together.wait()
        return tree

    monkeypatch.setattr(debian, "unpack", unpack)
    threads = [threading.Thread(target=lambda: commands.append(ensure())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(commands) == 2
    assert commands[0] == commands[1]
    assert copies(tmp_path) == [RELEASE]


def test_a_failed_fetch_says_why_and_leaves_nothing(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unpack(_package: str, _release: str, folder: Path, _architecture: str) -> Path:
        (folder / "half").touch()
        raise debian.AptFailed("no such release")

    monkeypatch.setattr(debian, "unpack", unpack)
    with pytest.raises(MicropythonMissing, match=r"could not be fetched \(no such release\)"):
        ensure()
    assert copies(tmp_path) == []


def test_a_fetched_one_that_does_not_start_is_refused(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "unpack", fetching("Illegal instruction"))
    with pytest.raises(MicropythonMissing, match="does not start here"):
        ensure()


def test_a_cache_that_cannot_be_written_is_named(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(MicropythonMissing, match="could not be kept in"):
        ensure()


def test_the_command_prints_what_starts_it(micropython: Command) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "presslight.micropython"], capture_output=True, text=True, timeout=60, check=True
    )
    assert shlex.split(run.stdout) == micropython
    assert run.stderr == ""


def test_the_command_fails_in_one_line(bare: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "presslight.micropython"], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    _progress, complaint = run.stderr.splitlines()
    assert complaint == (
        "presslight: MicroPython could not be fetched (there is no apt-get here); "
        f"install MicroPython 1.22 or newer (package micropython), or name one in {VARIABLE}"
    )


FETCHING = "presslight: fetching MicroPython with apt, once; this takes a few seconds"
SIGTERM_BEFORE_A_WAIT = """
import ctypes, itertools, operator, os, selectors, signal, subprocess, sys

class Late(selectors.PollSelector):
    sent = False

    def select(self, timeout=None):
        if Late.sent:
            return super().select(timeout)
        Late.sent = True
        kill = ctypes.CDLL(None).kill, os.getpid(), signal.SIGTERM
        poll = self._selector.poll, timeout * 1000
        return list(itertools.starmap(operator.call, [kill, poll])) and []  # Python looks for no signal between these

subprocess._PopenSelector = Late
from presslight.micropython import main
sys.exit(main())
"""


def fetches_for_ever(bare: Path, tmp_path: Path) -> Path:
    """Have apt say its pid, to whoever reads the file that this answers with, and end no more."""
    os.mkfifo(started := tmp_path / "started")
    os.mkfifo(never := tmp_path / "never")
    script(bare / "apt-get", f"echo $$ >{started}", f"exec /bin/cat <>{never}")
    (bare / "setpriv").symlink_to("/usr/bin/setpriv")
    return started


@pytest.fixture
def fetcher(bare: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is fetching and would for ever; its apt has ended when it has."""
    started = fetches_for_ever(bare, tmp_path)
    with subprocess.Popen([sys.executable, "-m", "presslight.micropython"], stderr=subprocess.DEVNULL) as process:
        apt = os.pidfd_open(int(started.read_text()))
        try:
            yield process
        finally:
            process.kill()  # where a test failed, it may go on
    try:
        assert select.select([apt], [], [], 10) == ([apt], [], [])
    finally:
        os.close(apt)


def test_sigterm_while_fetching_leaves_nothing(fetcher: subprocess.Popen[bytes], tmp_path: Path) -> None:
    fetcher.send_signal(signal.SIGTERM)
    assert fetcher.wait(timeout=10) == 143
    assert copies(tmp_path) == []


def test_ctrl_c_while_fetching_says_nothing(bare: Path, tmp_path: Path) -> None:
    started = fetches_for_ever(bare, tmp_path)
    command = [sys.executable, "-m", "presslight.micropython"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        apt = os.pidfd_open(int(started.read_text()))
        try:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=10)
        finally:
            process.kill()
            os.close(apt)
    assert (process.returncode, told.splitlines()) == (130, [FETCHING])
    assert copies(tmp_path) == []


def test_sigterm_in_the_moment_before_a_wait_is_seen(bare: Path, tmp_path: Path) -> None:
    started = fetches_for_ever(bare, tmp_path)
    with subprocess.Popen([sys.executable, "-c", SIGTERM_BEFORE_A_WAIT], stderr=subprocess.DEVNULL) as process:
        started.read_text()
        try:
            assert process.wait(timeout=10) == 143
        finally:
            process.kill()
    assert copies(tmp_path) == []


def test_what_a_kill_left_goes_with_the_next_fetch(
    fetcher: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher.kill()
    fetcher.wait(timeout=10)
    assert copies(tmp_path) != []
    monkeypatch.setattr(debian, "unpack", fetching("1 25 0"))
    ensure()
    assert copies(tmp_path) == [RELEASE]
