"""`make check` finds a mistake in the page's JavaScript: in copies of it, each with one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from presslight.cloud.http.pages import FOLDER

ROOT = Path(__file__).parents[2]
DENO = Path(sys.executable).with_name("deno")
OFFLINE = ("--no-remote", "--no-npm", "--cached-only", "--no-lock")

pytestmark = pytest.mark.skipif(not DENO.exists(), reason="there is no deno for this machine")


def deno(folder: Path, *arguments: str) -> str:
    """Run it as `make check` does. Answers what it complains of; nothing where all is well."""
    environment = os.environ | {"DENO_DIR": str(ROOT / ".venv/deno"), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    command = [str(DENO), *arguments, "--quiet", "--config", "deno.json"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER, tmp_path / "cloud/page")
    shutil.copy(ROOT / "deno.json", tmp_path)
    return tmp_path


MISTAKES = [
    ("press.js", "HEDGE_MS, Math", "HEDGE_M, Math", "HEDGE_M"),
    ("press.js", 'case "accepted":', 'case "acepted":', "acepted"),
    ("screen.js", "view.age_ms", "view.age", "age"),
    ("journey.js", "least, most } =", "least, more } =", "more"),
    ("app.js", 'case "gone":', 'case "outcome":', "LightGone"),
]
"""By module: what is right, what is not, and the name that the complaint has."""


def test_misspelt_names_and_words_are_no_types(copy: Path) -> None:
    for module, right, wrong, _ in MISTAKES:
        path = copy / "cloud/page" / module
        text = path.read_text()
        assert right in text
        path.write_text(text.replace(right, wrong, 1))
    found = deno(copy, "check", *OFFLINE, *sorted({f"cloud/page/{module}" for module, *_ in MISTAKES}))
    for module, _, _, name in MISTAKES:
        assert re.search(rf"'\"?{name}\"?'[^\0]*?/{module}:", found), (name, found)


def test_name_that_nobody_uses_is_found(copy: Path) -> None:
    with (copy / "cloud/page/words.js").open("a") as words:
        words.write("\nconst UNUSED = 1;\n")
    assert "UNUSED" in deno(copy, "lint")
