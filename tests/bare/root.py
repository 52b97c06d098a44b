"""A bare Debian in a folder: what debootstrap makes of a release with just the packages that README names.

Nothing is mounted or started but in namespaces that end with their first process, and that ends with us.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from presslight import debian
from tests.bare import machine

PACKAGES = "git,make,python3,python3-pip"
NEWCOMER = "newcomer"
PATHS = {
    "root": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    NEWCOMER: "/usr/local/bin:/usr/bin:/bin",
}
REPOSITORY = Path(__file__).resolve().parents[2]
ENTER = Path(__file__).with_name("enter.sh")
ALONE = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")
"""The start of a command that, whatever ends us, leaves no mount and no process."""

MAKE_S, ENTER_S = 240, 1_500
"""A root is made in one to two minutes; a mirror that takes longer than this is as good as none."""


class NoRoot(Exception):
    """None can be made on this machine, and why, in one line."""


def bootstrap(release: str, folder: Path) -> None:
    """Make the root of a release in `folder`. Raises NoRoot."""
    command = [*ALONE, _debootstrap(), "--variant=minbase", f"--include={PACKAGES}"]
    if debian.KEYRING.exists():
        command.append(f"--keyring={debian.KEYRING}")
    failures = []
    end = time.monotonic() + MAKE_S
    for mirror in _mirrors():
        try:
            _run([*command, release, str(folder), mirror], end - time.monotonic())
        except NoRoot as error:
            failures.append(error)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return
    raise failures[0] if failures else NoRoot("apt is not set up with a Debian mirror")


def copy(pristine: Path, folder: Path) -> None:
    """A root like that one. Raises NoRoot."""
    _run(["cp", "--archive", str(pristine), str(folder)])


def _debootstrap() -> str:
    if os.geteuid():
        raise NoRoot("only root can make one")
    if missing := [program for program in ("setpriv", "unshare") if not shutil.which(program)]:
        raise NoRoot(f"there is no {missing[0]} here")
    search = f"{os.environ.get('PATH', '')}:/usr/sbin"
    if not shutil.which("debootstrap", path=search):
        install = "apt-get update; apt-get install --yes --no-install-recommends debootstrap"
        with suppress(NoRoot):
            _run(["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", install])
    found = shutil.which("debootstrap", path=search)
    if not found:
        raise NoRoot("there is no debootstrap, and apt installs none")
    return found


def _mirrors() -> list[str]:
    try:
        return debian.mirrors()
    except debian.AptFailed as error:
        raise NoRoot(str(error)) from error


def _run(command: list[str], limit_s: float | None = None) -> str:
    """What it printed. Raises NoRoot with its complaint where it fails, or takes longer than that, at most MAKE_S."""
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAKE_S if limit_s is None else limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoRoot(f"{' '.join(command[-3:])} took longer than {MAKE_S} s") from error
    if run.returncode:
        lines = run.stdout.strip().splitlines() or [f"{command[0]} failed with {run.returncode}"]
        raise NoRoot(next((line for line in lines if line.startswith("E:")), lines[-1]))
    return run.stdout


class Root:
    """The root in `folder`, which reaches packages as this machine does, and has an ordinary user, `newcomer`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._options = machine.pip_options(_run(["python3", "-m", "pip", "config", "list"]))
        values = [value for options in self._options.values() for value in options.values()]
        self._named = machine.paths_in([*values, *machine.environment(os.environ).values()])

    def furnish(self) -> None:
        """Give it this machine's settings, and the user. Raises NoRoot where this machine lets nobody enter it."""
        self._write("etc/pip.conf", machine.pip_file(self._options))
        self._write("etc/apt/apt.conf.d/00machine", machine.apt_file(_run(["apt-config", "dump"])))
        secrets = [Path("/etc/apt/auth.conf"), *Path("/etc/apt/auth.conf.d").glob("*")]
        for path in (Path("/etc/hosts"), machine.TRUSTED, *secrets, *self._named):
            if path.is_file():
                self._write(str(path), path.read_bytes())
        code, said = self.enter("root", "useradd", "--create-home", "--shell", "/bin/bash", NEWCOMER)
        if code:
            raise NoRoot(f"it cannot be entered: {said.strip()}")

    def clone(self, user: str) -> Path:
        """A fresh clone of this repository's HEAD in the user's home; its path in the root."""
        home = Path("/") / ("root" if user == "root" else f"home/{user}")
        target = self.folder / home.relative_to("/") / "presslight"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(target)], check=True)
        owner = target.parent.stat()
        subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", str(target)], check=True)
        return home / "presslight"

    def enter(self, user: str, *command: str) -> tuple[int, str]:
        """Run a command in it, printing what it prints; its exit code, and what it printed."""
        environment = {
            **machine.environment(os.environ),
            "PATH": PATHS["root"],
            "LOGIN_PATH": PATHS[user],
            "BIND": "\n".join(map(str, machine.folders_in(self._options))),
        }
        with subprocess.Popen(
            [
                *ALONE,
                "bash",
                str(ENTER),
                str(self.folder),
                user,
                "timeout",
                "--signal=INT",
                "--kill-after=60",
                str(ENTER_S),
                *command,
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout
            printed = b""
            try:
                while piece := os.read(process.stdout.fileno(), 65_536):
                    os.write(sys.stdout.fileno(), piece)
                    printed += piece
            except BaseException:
                process.kill()  # and with it all that runs in the namespace
                raise
        return process.returncode, printed.decode(errors="replace")

    def _write(self, path: str, content: str | bytes) -> None:
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
