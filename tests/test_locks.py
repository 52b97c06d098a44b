"""The locks: every version has its hashes, every wish in pyproject.toml is met, and the sets agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUNTIME = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
WISHES = {
    "requirements.lock": RUNTIME,
    "requirements-flash.lock": RUNTIME + EXTRAS["flash"],
    "requirements-dev.lock": RUNTIME + EXTRAS["flash"] + EXTRAS["postgres"] + EXTRAS["dev"],
    "requirements-stubs.lock": PROJECT["dependency-groups"]["stubs"],
    "requirements-compose.lock": PROJECT["dependency-groups"]["compose"],
}


def entries(name: str) -> list[str]:
    """One string for each locked version, its hashes included."""
    return re.findall(r"^[a-z0-9].*(?:\n    --hash.*)*", (ROOT / name).read_text(), re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """The locked versions of each package; more than one where Pythons or systems differ."""
    versions: dict[str, set[str]] = {}
    for entry in entries(name):
        package, version = re.split(r"==|[ ;]", entry, maxsplit=2)[:2]
        versions.setdefault(canonicalize_name(package), set()).add(version)
    return versions


def test_driver_that_is_pasted_is_the_one_that_the_project_asks_for() -> None:
    assert re.findall(r"'(psycopg.*)'", (ROOT / "docs/running.md").read_text()) == EXTRAS["postgres"]


@pytest.mark.parametrize("name", WISHES)
def test_every_version_has_hashes(name: str) -> None:
    assert [entry for entry in entries(name) if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", WISHES)
def test_nothing_but_versions_hashes_and_reasons_is_in_a_lock(name: str) -> None:
    line = re.compile(r"[a-z0-9-]+==[\w.+]+( ;.*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*")
    assert [text for text in (ROOT / name).read_text().splitlines() if not line.fullmatch(text)] == []


@pytest.mark.parametrize("name", WISHES)
def test_every_wish_of_the_project_is_met(name: str) -> None:
    wishes = [wish for wish in map(Requirement, WISHES[name]) if wish.name != "presslight"]
    locked = pins(name)
    unmet = [
        str(wish)
        for wish in wishes
        if not all(wish.specifier.contains(version) for version in locked.get(canonicalize_name(wish.name), {"0"}))
    ]
    assert unmet == []


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("requirements.lock", "requirements-flash.lock"), ("requirements-flash.lock", "requirements-dev.lock")],
)
def test_a_larger_set_holds_the_smaller_one(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()
