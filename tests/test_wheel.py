"""What is installed: one top-level name, with all that it needs in it, beside a project that has our folders' names."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("broker", "cloud", "contract", "firmware", "mobile_sim")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    clone = tmp_path_factory.mktemp("clone")
    for name in (*PARTS, "presslight"):
        shutil.copytree(ROOT / name, clone / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    build = "from setuptools.build_meta import build_wheel; build_wheel('wheel')"
    subprocess.run([sys.executable, "-c", build], cwd=clone, capture_output=True, check=True, timeout=100)
    (made,) = (clone / "wheel").glob("*.whl")
    unpacked = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_one_name_is_installed(wheel: Path) -> None:
    assert {path.name for path in wheel.iterdir() if path.suffix != ".dist-info"} == {"presslight"}


def test_every_file_of_the_parts_is_installed(wheel: Path) -> None:
    for part in PARTS:
        ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / part).rglob("*") if path.suffix in {".py", ".js"}}
        assert ours == {
            path.relative_to(wheel / "presslight").as_posix()
            for path in (wheel / "presslight" / part).rglob("*")
            if path.suffix in {".py", ".js"}
        }


@pytest.mark.parametrize("verb", ["up", "measure", "light", "token", "flash", "accounts", "forget"])
def test_command_starts_in_a_project_with_folders_of_our_names(wheel: Path, tmp_path: Path, verb: str) -> None:
    for part in PARTS:
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text("raise SystemExit('another project')")
    own = os.environ | {"PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "presslight", verb, "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout
