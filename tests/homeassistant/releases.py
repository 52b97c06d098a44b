"""The releases of Home Assistant that are tried, each in a virtual environment of a Debian root that has its Python.

They lie in the user's cache, are made once and used again: remove the folder to get newer ones.
"""

import ast
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.homeassistant import pip_settings
from tests.homeassistant.debian_root import DebianRoot, make_root

PACKAGES = (
    "python3",
    "python3-venv",
    "python3-dev",
    "gcc",
    "g++",
    "make",
    "pkg-config",
    "libffi-dev",
    "ca-certificates",
)
OURS = ("mqtt", "config", "onboarding", "api", "isal")
"""The parts of Home Assistant that the tests use, besides those that it starts by itself."""

ROOT_S, INSTALL_S = 1_200, 2_400
HOME = Path("/srv/homeassistant")


class ReleaseNotInstalled(Exception):
    """pip could not install it; the text is its last words."""


@dataclass(frozen=True)
class Release:
    """`version` of Home Assistant on the Python of a Debian release; None: the newest that this Python takes."""

    debian: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.version or 'newest'}-{self.debian}"


RELEASES = (Release("forky"), Release("trixie"), Release("trixie", "2024.12.5"))


@dataclass(frozen=True)
class Installed:
    """A release that can be started."""

    root: DebianRoot
    release: Release
    version: str
    python: str

    def __str__(self) -> str:
        return f"Home Assistant {self.version} on Python {self.python}, Debian {self.release.debian}"


def cache() -> Path:
    """Where roots are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "presslight" / "homeassistant"


def installed(release: Release) -> Installed | None:
    """The release, where it was installed before."""
    root = DebianRoot(cache() / release.debian)
    try:
        said = json.loads((root.folder / _mark(release)).read_text())
    except FileNotFoundError:
        return None
    return Installed(root, release, said["version"], said["python"])


def install(release: Release) -> Installed:
    """The release, installed first where it was not. Raises RootNotMade, ReleaseNotInstalled."""
    if found := installed(release):
        return found
    root = make_root(release.debian, PACKAGES, cache() / release.debian, ROOT_S)
    venv = root.folder / environment_of(release).relative_to("/")
    shutil.rmtree(venv, ignore_errors=True)
    python = str(environment_of(release) / "bin/python")
    _run(root, ["python3", "-m", "venv", str(environment_of(release))])
    wanted = f"homeassistant=={release.version}" if release.version else "homeassistant"
    _run(root, [python, "-m", "pip", "install", wanted])
    package = next(venv.glob("lib/python3*/site-packages/homeassistant"))
    constraints = Path("/") / (package / "package_constraints.txt").relative_to(root.folder)
    _run(root, [python, "-m", "pip", "install", "--constraint", str(constraints), *requirements(package)])
    ask = "import json, platform; from homeassistant.const import __version__ as v; "
    ask += "print(json.dumps({'version': v, 'python': platform.python_version()}))"
    (root.folder / _mark(release)).write_text(_run(root, [python, "-c", ask]))
    return installed(release) or install(release)


def environment_of(release: Release) -> Path:
    """Where its virtual environment is, inside the root."""
    return HOME / (release.version or "newest")


def requirements(package: Path) -> list[str]:
    """What pip is to install for the parts that Home Assistant starts by itself, and for `OURS`."""
    components = package / "components"
    parts, open_parts = set[str](), {*OURS, *_started_by_itself(package / "bootstrap.py")}
    wanted = set[str]()
    while open_parts:
        part = open_parts.pop()
        manifest = components / part / "manifest.json"
        if part in parts or not manifest.exists():
            continue
        parts.add(part)
        said = json.loads(manifest.read_text())
        wanted.update(said.get("requirements", []))
        open_parts.update(said.get("dependencies", []))
    return sorted(wanted)


def _started_by_itself(bootstrap: Path) -> Iterator[str]:
    """The names in its DEFAULT_INTEGRATIONS, and those of every kind of entity."""
    for node in ast.walk(ast.parse(bootstrap.read_text())):
        if isinstance(node, ast.Assign | ast.AnnAssign) and "DEFAULT_INTEGRATIONS" in ast.unparse(node).split("=")[0]:
            yield from _texts(node)
    kinds = bootstrap.parent / "generated/entity_platforms.py"  # not yet in 2024.12, which starts none of them unasked
    yield from _texts(ast.parse(kinds.read_text() if kinds.exists() else ""))


def _texts(tree: ast.AST) -> Iterator[str]:
    yield from (each.value for each in ast.walk(tree) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _mark(release: Release) -> Path:
    """The file that says that the release is whole, and what it is."""
    return environment_of(release).relative_to("/") / "installed.json"


def _run(root: DebianRoot, command: list[str]) -> str:
    environment = pip_settings.environment() | {"PIP_NO_CACHE_DIR": "1", "PIP_NO_INPUT": "1"}
    mounts = {path: path for path in pip_settings.paths(environment)}
    run = root.run(command, environment, mounts, INSTALL_S)
    if run.returncode:
        raise ReleaseNotInstalled((run.stderr or run.stdout).strip()[-2_000:])
    return run.stdout
