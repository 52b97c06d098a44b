"""Builds and runs docker-compose.yml as docs/running.md says, with podman: `namespace.sh` calls it.

    python -m tests.compose.trial build FOLDER     with the machine's network, for apt and pip
    python -m tests.compose.trial run FOLDER       with a network of its own

What is not as it should be is told on stderr, with exit code 1.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.compose.images import ROOT, build_settings, make_bases, make_debian, output, run
from tests.compose.podman import set_up
from tests.test_running import sections

COMPOSE = Path(sys.prefix) / "compose"
"""Where podman-compose is."""
URL = "http://127.0.0.1:8787"
PRESSES = 100
WAIT_S = 120
SERVICES = ("broker", "bridge", "light")
OURS = "name=presslight_"


class Composition:
    """A fresh clone in `folder`, for nobody but its owner, and the verbs of docs/running.md on it."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.result = folder / "result.json"

    def copy(self) -> None:
        """Copy what git knows of, readable by its owner alone."""
        os.umask(0o077)
        for name in output("git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z").split("\0"):
            if name and ((ROOT / name).is_symlink() or (ROOT / name).is_file()):
                (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.clone / name, follow_symlinks=False)

    def compose(self, *words: str) -> str:
        """Run `podman-compose`; what it prints."""
        return run(*_compose(*words), folder=self.clone)

    def paste(self, block: str) -> str:
        """Run each line of a block of docs/running.md; what the last one prints."""
        return [run(*_here(line), folder=self.clone) for line in block.splitlines()][-1]

    def wait_healthy(self) -> None:
        """Wait until each service's own check finds it well."""
        for service in SERVICES:
            _until(partial(_is_healthy, f"presslight_{service}_1"), f"{service} to be healthy")

    def press(self, token: str, when: str) -> None:
        """Press, and hold that each press was applied."""
        measure = ("measure", "--url", URL, "--token", token, "--presses", str(PRESSES), "--budget", "60s")
        run(sys.executable, "-m", "presslight", *measure, "--json", str(self.result))
        result = json.loads(self.result.read_text())
        told = result["press_to_confirmation"]
        say(f"{when}: {result['words']}, press → confirmation p50 {told['p50']:.1f} ms, max {told['max']:.1f} ms")
        if result["words"] != {"applied": PRESSES}:
            raise SystemExit(f"{when} not every press was applied")

    def readers(self) -> None:
        """Hold that no other user of a container can read what it was given."""
        for service, file in (("broker", "/mosquitto/config/passwords"), ("bridge", "/secrets/bridge.url")):
            self.compose("exec", "-T", service, "cat", file)
            refused = subprocess.run(
                ("podman", "exec", "--user", "1234", f"presslight_{service}_1", "cat", file),
                capture_output=True,
                check=False,
            )
            if not refused.returncode:
                raise SystemExit(f"{file} of {service} can be read by anybody")


def build(folder: Path) -> None:
    """Make the bases, a clone with accounts, and the image of the bridge."""
    make_debian(folder)
    make_bases()
    composition = Composition(folder)
    composition.copy()
    composition.compose("--podman-build-args", " ".join(build_settings(folder)), "build")
    say(output("podman", "images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}"))


def start_and_press(folder: Path) -> None:
    """Start it, press; press again after a restart of each service, and with an account more."""
    run("ip", "link", "set", "lo", "up")
    composition = Composition(folder)
    start, renew, forget = sections()["6. Docker"]
    try:
        token = composition.paste(start).split()[-1]
        composition.wait_healthy()
        composition.readers()
        composition.press(token, "after the start")
        for service in SERVICES:
            composition.compose("restart", service)
            composition.wait_healthy()
            composition.press(token, f"after a restart of {service}")
        run(sys.executable, "-m", "presslight", "accounts", "secrets", "hall", folder=composition.clone)
        composition.paste(renew)
        composition.wait_healthy()
        if "hall:" not in composition.compose("exec", "-T", "broker", "cat", "/mosquitto/config/passwords"):
            raise SystemExit("the broker knows nothing of an account that was added")
        composition.press(token, "after an account was added")
        if "kitchen is forgotten" not in composition.paste(forget):
            raise SystemExit("the light was not forgotten")
    finally:
        composition.compose("down", "--volumes")
    left = output("podman", "ps", "--all", "--quiet") + output("podman", "volume", "ls", "--quiet", "--filter", OURS)
    if left:
        raise SystemExit(f"docker compose down leaves behind: {left}")


def _compose(*words: str) -> tuple[str, ...]:
    return ("env", f"PYTHONPATH={COMPOSE}", sys.executable, "-m", "podman_compose", *words)


def _here(line: str) -> tuple[str, ...]:
    words = shlex.split(line)
    if words[:3] == ["docker", "compose", "exec"]:
        return _compose("exec", "-T", *words[3:])  # there is no terminal
    return _compose(*words[2:]) if words[:2] == ["docker", "compose"] else (sys.executable, "-m", *words)


def _is_healthy(container: str) -> bool:
    return not subprocess.run(("podman", "healthcheck", "run", container), capture_output=True, check=False).returncode


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {WAIT_S} s for {what}")
        time.sleep(0.5)


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text.rstrip()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    where = Path(sys.argv[2])
    os.environ |= set_up(where)
    {"build": build, "run": start_and_press}[sys.argv[1]](where)
