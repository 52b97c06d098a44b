"""MicroPython's unix port: found in PATH, or fetched from Debian without installing it.

`python -m presslight.micropython` makes sure there is one and prints the command that starts it; with `--bits 32` one
whose words are as long as the chip's.

The private copy lies in the user's cache. It brings its own C library and is started through that library's loader, so
nothing of the machine changes.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal, TypeAlias

from presslight import debian
from presslight.contract.errors import PresslightError, sentence
from presslight.temporary_folder import temporary_folder

Command: TypeAlias = list[str]
"""The start of an argument list: append the script and its arguments to it."""
Bits: TypeAlias = Literal[32, 64]
"""How long a word of it is: 64 stands for whatever this machine's are, 32 for as long as the chip's."""

VARIABLE = "PRESSLIGHT_MICROPYTHON"
OLDEST = (1, 22)
RELEASE = "trixie"  # the first Debian release that packages MicroPython
ARCHITECTURE: dict[Bits, str] = {32: "i386", 64: ""}
ASK_VERSION = "import sys; print(*sys.implementation[1][:3])"
USABLE = f"MicroPython {OLDEST[0]}.{OLDEST[1]} or newer"
BY_HAND = f"install {USABLE} (package micropython), or name one in {VARIABLE}"


class MicropythonMissing(PresslightError):
    """No usable MicroPython, and why, in one sentence; branch on `code`."""

    code = "micropython_missing"


def ensure(bits: Bits = 64) -> Command:
    """The command that starts MicroPython, fetched first where the machine has none. Raises `MicropythonMissing`."""
    return find(bits) or _fetch(bits)


def find(bits: Bits = 64) -> Command | None:
    """The command that starts MicroPython, None where there is none yet.

    The one named in PRESSLIGHT_MICROPYTHON is used or refused (`MicropythonMissing`), never passed over; except that
    32 bits are always those of the private copy.
    """
    return _of_the_machine() if bits == 64 else _private_copy(bits)


def _of_the_machine() -> Command | None:
    if named := os.environ.get(VARIABLE):
        return _named(named)
    installed = shutil.which("micropython")
    if installed and _is_usable([installed]):
        return [installed]
    return _private_copy(64)


def _private_copy(bits: Bits) -> Command | None:
    cached = _start(_home(bits))
    return cached if cached and _is_usable(cached) else None


def version(command: Command) -> tuple[int, ...] | None:
    """MicroPython's version as (major, minor, patch), None where the command does not start it."""
    try:
        run = subprocess.run([*command, "-c", ASK_VERSION], capture_output=True, text=True, timeout=10, check=True)
        return tuple(int(part) for part in run.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _named(words: str) -> Command:
    try:
        command = shlex.split(words)
    except ValueError as error:
        raise MicropythonMissing(f"{VARIABLE} is no command: {error}") from error
    if not _is_usable(command):
        raise MicropythonMissing(f"{VARIABLE} does not start {USABLE}")
    return command


def _is_usable(command: Command) -> bool:
    return (version(command) or (0,)) >= OLDEST


def _home(bits: Bits) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "presslight" / "micropython" / "-".join(filter(None, (RELEASE, ARCHITECTURE[bits])))


def _start(root: Path) -> Command | None:
    """The command for an unpacked copy: its own loader, told where its own libraries are."""
    program = root / "usr" / "bin" / "micropython"
    loader = next(root.glob("usr/lib/*/ld-linux*.so.*"), None)
    if loader is None or not program.exists():
        return None
    return [str(loader), "--library-path", str(loader.parent), str(program)]


def _fetch(bits: Bits) -> Command:
    home = _home(bits)
    _print_status("fetching MicroPython with apt, once; this takes a few seconds")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder("fetch", home.parent) as folder:
            _install(debian.unpack("micropython", RELEASE, folder, ARCHITECTURE[bits]), home)
    except debian.AptFailed as error:
        raise MicropythonMissing(f"MicroPython could not be fetched ({error}); {BY_HAND}") from error
    except OSError as error:
        raise MicropythonMissing(f"MicroPython could not be kept in {home}: {error}") from error
    command = find(bits)
    if command is None:
        raise MicropythonMissing(f"the MicroPython fetched with apt does not start here; {BY_HAND}")
    return command


def _install(tree: Path, home: Path) -> None:
    """Put the finished tree in its place in one step; where another process was first, its tree stays."""
    settled = _start(home)
    if settled and _is_usable(settled):
        return
    if home.exists():
        home.rename(tree.with_name("broken"))
    try:
        tree.rename(home)
    except OSError:
        if not home.is_dir():
            raise


def _print_status(sentence: str) -> None:
    sys.stderr.write(f"presslight: {sentence}\n")


def main() -> int:
    """Print the command that starts MicroPython; 1 and one line where there is none."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the unfinished copy goes too
    parser = argparse.ArgumentParser(prog="python -m presslight.micropython", description=main.__doc__)
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64)
    bits: Bits = parser.parse_args().bits
    try:
        command = ensure(bits)
    except (MicropythonMissing, OSError) as error:
        _print_status(sentence(error))
        return 1
    except KeyboardInterrupt:
        return 130  # as of a program that SIGINT has ended; who pressed Ctrl-C knows
    sys.stdout.write(shlex.join(command) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
