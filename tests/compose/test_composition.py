"""docker-compose.yml for real: `make compose`, as root. Nothing of it stays, whatever happens."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.images import apt_settings, pip_file
from tests.compose.podman import settings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT_S = 2_400
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
OUTSIDE = [Path(name) for name in ("/run/containers", "/run/netns", "/run/runc", "/var/cache/containers")]
OUTSIDE += [Path("/var/lib/containers"), *Path("/sys/fs/cgroup").glob("*/libpod_parent")]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with room for images, gone at the end also after a failure; and so is what podman makes elsewhere."""
    before = outside()
    with tempfile.TemporaryDirectory(prefix="presslight-compose-", dir="/var/tmp") as made:
        yield Path(made)
    for path in sorted(outside() - before, reverse=True):
        path.rmdir()  # empty, or something was left behind


def outside() -> set[Path]:
    """The folders that podman and what it calls make in places that cannot be chosen."""
    cgroups = {path for path in Path("/sys/fs/cgroup").glob("**/libpod_parent/**/") if path.is_dir()}
    return cgroups | {path for path in OUTSIDE if path.exists()}


@pytest.mark.nightly
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and podman are used as root here")
def test_composition_starts_and_every_press_acts_also_after_each_restart(folder: Path) -> None:
    command = [*APART, str(HERE / "namespace.sh"), sys.executable, str(folder)]
    run = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stderr


def test_settings_of_pip_become_a_file_of_its_own() -> None:
    text = pip_file({"PIP_EXTRA_INDEX_URL": "https://a.example/simple\nfile:///b/simple", "PIP_NO_INDEX": "1"})
    assert text == "[global]\nextra-index-url = https://a.example/simple file:///b/simple\nno-index = 1\n"


def test_settings_of_apt_that_fetch_are_taken_and_no_others() -> None:
    dumped = 'APT "";\nAcquire::http::Proxy "http://proxy.example:3128";\nAcquire::Languages "";\nDir "/";\n'
    assert apt_settings(dumped) == 'Acquire::http::Proxy "http://proxy.example:3128";\n'


def test_podman_keeps_everything_in_its_folder_and_knows_no_registry() -> None:
    texts = settings(Path("/chosen"))
    named = [line.split(" = ")[1] for text in texts.values() for line in text.splitlines() if '= "/' in line]
    assert len(named) == 6
    assert all(path.startswith('"/chosen/') for path in named)
    assert texts["CONTAINERS_REGISTRIES_CONF"] == "unqualified-search-registries = []\n"
