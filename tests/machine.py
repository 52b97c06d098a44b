"""A machine of its own for what docs/running.md says, made of this one: nothing that happens there is left behind.

`unshare --mount --pid --fork --kill-child --mount-proc --ipc python -m tests.machine FOLDER`, as root: reads a Plan as
JSON from stdin and pastes its blocks into bash, one after another; exits 1 at the first that fails. Files are this
machine's with a memory above them (overlay), processes end with the namespace, and there is no network but loopback.
`FOLDER` is empty and the caller's; a memory is mounted there.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from stat import S_IMODE
from typing import TypedDict

from tests.lab.namespace import CLONE_NEWNET, _call, _up

ROOT = Path(__file__).resolve().parent.parent
CLONE = Path("/mnt")
"""Where the clone is there: below a folder that every user may enter."""
INSTALLED = Path("/opt/presslight")
CHANGED = ("/etc", "/opt", "/usr/local", "/var", str(Path.home()), "/tmp")
"""Folders that every user may enter there; Python itself may lie in a home."""
NAMES = "127.0.0.1 broker.example db.example\n"


class Plan(TypedDict):
    """`network`: lines that need one, run before it is gone; without any, presslight is linked and not installed."""

    network: list[str]
    blocks: list[str]


def main() -> int:
    """Live through the plan that stdin has."""
    plan: Plan = json.load(sys.stdin)
    _make(Path(sys.argv[1]))
    for line in plan["network"]:
        if not _paste(line):
            return 1
    if not plan["network"]:
        _link()
    _call("unshare", CLONE_NEWNET)
    _up(b"lo")
    if all(map(_paste, plan["blocks"])):
        return 0
    for log in (*Path("/run/stand-in").glob("*.log"), *Path("/var/log/mosquitto").glob("*.log")):
        _say(f"{log}:\n{log.read_text()}")
    return 1


def _make(memory: Path) -> None:
    _mount("-t", "tmpfs", "presslight-test", str(memory))
    _cover(ROOT, CLONE, memory / "clone")
    for folder in CHANGED:
        _cover(Path(folder), Path(folder), memory / folder.strip("/").replace("/", "-"))
    for fresh, mode in (("/run", "0755"), ("/dev/shm", "1777")):
        _mount("-t", "tmpfs", "-o", f"mode={mode}", "presslight-test", fresh)
    with Path("/etc/hosts").open("a") as hosts:
        hosts.write(NAMES)
    os.environ["PATH"] = f"{ROOT / 'tests/stand_ins'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _cover(folder: Path, place: Path, memory: Path) -> None:
    """Have `folder` at `place`, with a memory above it."""
    upper, work = memory / "upper", memory / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    stat = folder.stat()
    os.chown(upper, stat.st_uid, stat.st_gid)
    upper.chmod(S_IMODE(stat.st_mode) | 0o755)
    _mount("-t", "overlay", "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", "presslight-test", str(place))


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _link() -> None:
    """What `make install` makes, out of the clone and what the tests run on: that takes no minutes and no network."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(INSTALLED)], check=True)
    packages = next(INSTALLED.glob("lib/python*/site-packages"))
    here = Path(sysconfig.get_path("purelib"))
    seen = CLONE / here.relative_to(ROOT) if here.is_relative_to(ROOT) else here
    (packages / "presslight.pth").write_text(f"{CLONE}\n{seen}\n")
    command = INSTALLED / "bin/presslight"
    command.write_text(f"#!{INSTALLED}/bin/python\nfrom presslight.__main__ import main\n\nmain()\n")
    command.chmod(0o755)
    for source, place in (
        (command, "/usr/local/bin/presslight"),
        (ROOT / "presslight.service", "/etc/systemd/system/"),
    ):
        subprocess.run(["cp", "--force", str(source), place], check=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _paste(block: str) -> bool:
    _say(f"$ {block}")
    words = ["bash", "-euo", "pipefail", "-c", block]
    done = subprocess.run(words, cwd=CLONE, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False)
    _say(f"[{done.returncode}]")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
