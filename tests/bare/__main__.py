"""The two commands of README as a newcomer runs them, in bare roots: `python -m tests.bare [--user root] [RELEASE…]`.

Exit code 0: all green. 1: something was red. 75: no root can be made on this machine, and one line says why.
"""

import argparse
import fcntl
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bare.root import NEWCOMER, NoRoot, Root, bootstrap, copy

RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
NO_ROOT = 75
AS_ROOT = re.compile(r"\(as root: (.+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    where: str
    command: str
    is_green: bool
    seconds: float

    def __str__(self) -> str:
        return f"{self.where}: {self.command} {'green' if self.is_green else 'red'} in {self.seconds:.0f} s"


def visits(release: str, user: str, root: Root) -> Iterator[Outcome]:
    """`make demo` and `make test`. An ordinary user hears what root has to install, and has just that done."""
    clone = root.clone(user)
    _, python = root.enter(user, "python3", "--version")
    where = f"{RELEASES[release]} ({python.strip()}) as {'root' if user == 'root' else 'an ordinary user'}"
    script = str(clone / "tests/bare/visit.py")
    yield timed(where, "make demo", root, user, "python3", script, "demo")
    if user != "root":
        _, told = root.enter(user, "make", "-C", str(clone), "test")
        wanted = AS_ROOT.search(told)
        yield timed(where, "what root is told to install", root, "root", "sh", "-c", wanted[1] if wanted else "exit 1")
    yield timed(where, "make test", root, user, "python3", script, "test")


def timed(where: str, name: str, root: Root, user: str, *command: str) -> Outcome:
    """Run it."""
    began = time.monotonic()
    code, _ = root.enter(user, *command)
    return Outcome(where, name, code == 0, time.monotonic() - began)


@contextmanager
def workshop() -> Iterator[Path]:
    """An empty folder in the user's cache, ours alone; emptied at the end, or by the next run if we were killed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "presslight" / "bare"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "bare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)  # not before: whoever had the lock has taken its own away
        for left in folder.iterdir():
            shutil.rmtree(left)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def outcomes(releases: list[str], users: list[str], folder: Path) -> Iterator[Outcome]:
    """Of each release a root for each user, as new. Raises NoRoot."""
    for release in releases:
        sys.stdout.write(f"presslight: making a bare root of {RELEASES[release]}\n")
        sys.stdout.flush()
        pristine = folder / release
        bootstrap(release, pristine)
        for user in users:
            own = folder / f"{release}-{user}"
            copy(pristine, own)
            root = Root(own)
            root.furnish()
            yield from visits(release, user, root)
            shutil.rmtree(own)
        shutil.rmtree(pristine)


def main() -> int:
    """Do what the arguments say, and print what became of it at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bare", description=main.__doc__)
    parser.add_argument("release", nargs="*", metavar="RELEASE", help=" or ".join(RELEASES))
    parser.add_argument("--user", choices=["root", NEWCOMER], action="append", help="by default both")
    asked = parser.parse_args()
    if wrong := set(asked.release) - set(RELEASES):
        parser.error(f"there is no release {', '.join(sorted(wrong))} here, only {', '.join(RELEASES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with workshop() as folder:
            came = list(outcomes(asked.release or list(RELEASES), asked.user or ["root", NEWCOMER], folder))
    except NoRoot as error:
        sys.stdout.write(f"presslight: no bare root can be made on this machine: {error}\n")
        return NO_ROOT
    sys.stdout.write("".join(f"presslight: {outcome}\n" for outcome in came))
    return 0 if all(outcome.is_green for outcome in came) else 1


if __name__ == "__main__":
    sys.exit(main())
