"""Packages of another Debian release, unpacked into a folder: nothing is installed, root is not needed.

The work is done by apt with a state folder of its own, from the mirror this machine is set up with; Debian's keys
verify what came.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from presslight.broker.mosquitto_process import parent_death_prefix

SUITES = {"oldoldstable", "oldstable", "stable", "testing", "unstable"} | {
    "bullseye", "bookworm", "trixie", "forky", "sid",
}  # fmt: skip
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LISTING = "$(CREATED_BY)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)"
PATIENCE_S = 300


class AptFailed(Exception):
    """apt could not be asked or did not deliver; the text is its last complaint. Branch on `code`."""

    code = "apt_failed"


def mirrors() -> list[str]:
    """The addresses of Debian's archive in this machine's apt set-up, also before its first `apt-get update`."""
    listed = _run(["apt-get", "indextargets", "--no-release-info", "--format", LISTING])
    return debian_archives(listed)


def debian_archives(listed: str) -> list[str]:
    """The archives among lines of "created by|component|suite|address", in their order, once each."""
    rows = (line.split("|", 3) for line in listed.splitlines() if line.startswith("Packages|main|"))
    archives = [address for _, _, suite, address in rows if suite in SUITES]
    return [archive for archive in dict.fromkeys(archives) if not archive.startswith("cdrom:")]


def unpack(package: str, release: str, folder: Path, architecture: str = "") -> Path:
    """`package` of `release` with what it depends on, unpacked below `folder`; the path of that tree.

    `architecture`: Debian's name of one, `i386` say; where it is empty, this machine's.
    """
    failure = AptFailed("apt is not set up with a Debian mirror")
    for mirror in mirrors():
        try:
            return _PrivateApt(folder, mirror, release, architecture).unpacked(package)
        except AptFailed as error:
            failure = error
    raise failure


@dataclass(frozen=True)
class _PrivateApt:
    """apt with lists, status and cache in `folder`, and one source: `release` at `mirror`."""

    folder: Path
    mirror: str
    release: str
    architecture: str

    def unpacked(self, package: str) -> Path:
        self._prepare()
        self._run_apt("apt-get", "update")
        needs = depends(self._run_apt("apt-cache", "depends", "--important", package))
        self._run_apt("apt-get", "download", package, *needs)
        tree = self.folder / "tree"
        for archive in sorted(self.folder.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(archive), str(tree)])
        return tree

    def _prepare(self) -> None:
        for needed in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / needed).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        (self.folder / "sources.list").write_text(self._source())

    def _source(self) -> str:
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        return f"deb {signed}{self.mirror} {self.release} main\n"

    def _run_apt(self, program: str, *arguments: str) -> str:
        return _run([program, *self._settings(), *arguments], self.folder)

    def _settings(self) -> list[str]:
        settings = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state/status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": "-",
            "Dir::Etc::preferencesparts": "-",
            "APT::Default-Release": "",
            "APT::Sandbox::User": "root",  # for apt this means: stay who you are
            "APT::Update::Error-Mode": "any",  # by default a failed download is but a warning
            "Acquire::Languages": "none",
            "Acquire::Retries": 2,
        }
        if self.architecture:
            settings |= {"APT::Architecture": self.architecture, "APT::Architectures": self.architecture}
        return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def depends(listed: str) -> list[str]:
    """The packages named by `apt-cache depends --important`: the first of alternatives, no virtual ones."""
    lines = [line.strip() for line in listed.splitlines()]
    named = [line.split(": ", 1)[1] for line in lines if line.startswith(("Depends: ", "PreDepends: "))]
    return [name for name in dict.fromkeys(named) if not name.startswith("<")]


def _run(command: list[str], folder: Path | None = None) -> str:
    """Run a command; its output. Raises AptFailed.

    Where this process ends, so does the command: a signal that comes before `subprocess` knows the pid ends only us.
    """
    if shutil.which(command[0]) is None:
        raise AptFailed(f"there is no {command[0]} here")
    process = subprocess.Popen(
        [*parent_death_prefix(), *command],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            printed, errors = _communicate(process)
        except subprocess.TimeoutExpired as error:
            raise AptFailed(f"{command[0]} took longer than {PATIENCE_S} s") from error
        finally:
            process.kill()
    if process.returncode:
        raise AptFailed(complaint(errors) or f"{command[0]} failed with {process.returncode}")
    return printed


def _communicate(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Wait until it ends; its output and its errors. Raises TimeoutExpired after PATIENCE_S.

    In turns of a second: Python acts on a signal that comes in the moment before a wait only after that wait.
    """
    for _ in range(PATIENCE_S - 1):
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)
    return process.communicate(timeout=1)


def complaint(errors: str) -> str:
    """The first error of apt, else its first warning, without the mark; empty where there is neither."""
    lines = errors.splitlines()
    marked = [line[2:].strip() for mark in ("E:", "W:") for line in lines if line.startswith(mark)]
    return marked[0] if marked else ""
