"""A Debian release in a folder, made by debootstrap, and a way to run programs in it that leaves nothing behind.

A program runs in mount and process namespaces of its own: what was mounted for it goes with its last process, and it
is killed with whoever started it. Root is needed.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from presslight.debian import mirrors

SCRIPT = Path("/usr/share/debootstrap/scripts/sid")
"""How debootstrap makes any release since trixie, also one that it does not know by name yet."""

APART = [
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"),
]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
FROM_HERE = ("/etc/resolv.conf", "/etc/hosts")
"""How names are looked up on this machine."""


class RootNotMade(Exception):
    """debootstrap is not there or failed; the text is its last line."""


@dataclass(frozen=True)
class DebianRoot:
    """The release unpacked in `folder`."""

    folder: Path

    def command(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        mounts: Mapping[Path, Path],
        *,
        writable: bool = False,
    ) -> list[str]:
        """The command line that runs `command` in this root.

        `mounts`: what of this machine is seen where in the root. Those in /etc, /opt and /usr are read-only, as is the
        root itself unless `writable`.
        """
        steps = [
            f"mount --bind {_quoted(self.folder)} {_quoted(self.folder)}",
            *(self._shown(Path(name), Path(name)) for name in FROM_HERE if Path(name).exists()),
            *(self._shown(here, there) for here, there in mounts.items()),
            f"mount -t proc proc {_quoted(self.folder / 'proc')}",
            f"mount --rbind /dev {_quoted(self.folder / 'dev')}",
            f"mount -t tmpfs tmpfs {_quoted(self.folder / 'tmp')}",
        ]
        if not writable:
            steps.append(f"mount -o remount,bind,ro {_quoted(self.folder)}")
        settings = [f"{name}={value}" for name, value in environment.items()]
        inside = shlex.join(["env", "-i", f"PATH={PATH}", "HOME=/tmp", "LANG=C.UTF-8", *settings, *command])
        steps.append(f"exec chroot {_quoted(self.folder)} {inside}")
        return [*APART, "sh", "-ec", "\n".join(steps)]

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], mounts: Mapping[Path, Path], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` to its end in this root, which it may change."""
        return _run(self.command(command, environment, mounts, writable=True), timeout_s)

    def _shown(self, here: Path, there: Path) -> str:
        target = self.folder / there.relative_to("/")
        if not here.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        else:
            target.mkdir(parents=True, exist_ok=True)
        return f"mount --bind {_quoted(here)} {_quoted(target)}"


def make_root(release: str, packages: Sequence[str], folder: Path, timeout_s: float) -> DebianRoot:
    """The root of `release` with `packages` in `folder`; one that is there already is taken as it is.

    Raises RootNotMade.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True) as new:
            _bootstrap(release, packages, Path(new) / "root", timeout_s)
            (Path(new) / "root").rename(folder)
    return DebianRoot(folder)


def _bootstrap(release: str, packages: Sequence[str], folder: Path, timeout_s: float) -> None:
    failure = RootNotMade("apt is not set up with a Debian mirror")
    for mirror in mirrors():
        shutil.rmtree(folder, ignore_errors=True)
        include = f"--include={','.join(packages)}"
        command = ["debootstrap", "--variant=minbase", include, release, str(folder), mirror, str(SCRIPT)]
        run = _run([*APART, "--mount-proc", *command], timeout_s)
        if run.returncode == 0:
            return
        failure = RootNotMade((run.stdout + run.stderr).strip().rpartition("\n")[2])
    raise failure


def _run(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "PATH": os.defpath + ":" + PATH},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
