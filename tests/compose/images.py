"""The images that docker-compose.yml and Dockerfile name, made here under the same names; nothing is pulled.

Debian comes from this machine's own mirror, through its own settings of apt and pip; no image keeps any of them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.homeassistant import pip_settings
from tests.homeassistant.debian_root import make_root

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEBIAN = "localhost/debian:trixie"
DEBOOTSTRAP_S = 900
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
FETCHING = re.compile(r'Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])\b.* "[^"]+";')


def make_debian(folder: Path) -> None:
    """Import a fresh Debian as an image; its apt fetches as this machine's does."""
    tree = make_root("trixie", ["ca-certificates"], folder / "debian", DEBOOTSTRAP_S).folder
    (tree / "etc/apt/apt.conf.d/99machine").write_text(apt_settings(output("apt-config", "dump")))
    with subprocess.Popen(["tar", "--create", "--directory", tree, "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(["podman", "import", "--quiet", "-", DEBIAN], stdin=packed.stdout, check=True)
    shutil.rmtree(tree)


def make_bases() -> None:
    """Make what the files name as made by others: Mosquitto's image, and Python's."""
    compose, dockerfile = (ROOT / "docker-compose.yml").read_text(), (ROOT / "Dockerfile").read_text()
    for file, named in (
        ("mosquitto.Containerfile", re.search(r"image: (eclipse-mosquitto:\S+)", compose)),
        ("python.Containerfile", re.search(r"FROM (python:\S+)", dockerfile)),
    ):
        assert named
        run("podman", "build", "--quiet", "--pull=never", "--file", str(HERE / file), "--tag", f"localhost/{named[1]}")


def build_settings(folder: Path) -> list[str]:
    """Options of `podman build` that let pip reach packages as this machine's does, and pull nothing."""
    settings = {name: value for name, value in pip_settings.environment().items() if name.startswith("PIP_")}
    file = folder / "pip.conf"
    file.write_text(pip_file(settings))
    seen = {file: "/etc/pip.conf"} | {path: str(path) for path in (*pip_settings.paths(settings), TRUSTED)}
    return ["--pull=never", *(f"--volume={path}:{place}:ro" for path, place in seen.items())]


def pip_file(settings: Mapping[str, str]) -> str:
    """The text of a pip.conf that says what these PIP_… variables say."""
    options = {
        name.removeprefix("PIP_").lower().replace("_", "-"): " ".join(settings[name].split()) for name in settings
    }
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in options.items()), ""])


def apt_settings(dumped: str) -> str:
    """The lines of `apt-config dump` that say how packages are fetched."""
    return "".join(f"{line}\n" for line in dumped.splitlines() if FETCHING.fullmatch(line))


def run(*command: str, folder: Path = ROOT) -> str:
    """Run it to its end; what it printed. Where it fails, that is shown and this process ends."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"{' '.join(command)} failed with {done.returncode}")
    return done.stdout


def output(*command: str) -> str:
    """What it prints."""
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C"}
    ).stdout
