import json
import subprocess
import sys
from pathlib import Path

import pytest

from presslight.contract.export import FOLDER, files, main, stale, write_files


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def test_export_in_the_repository_is_current() -> None:
    assert stale(FOLDER) == []


def test_export_command_checks_the_repository() -> None:
    check = [sys.executable, "-m", "presslight.contract.export", "--check"]
    finished = subprocess.run(check, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_export_writes_the_same_bytes_each_time(exported: Path) -> None:
    first = files()
    assert files() == first
    written = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    assert written == set(first)


def test_export_is_sorted_and_ends_its_last_line(exported: Path) -> None:
    for path in exported.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_check_of_a_current_folder_says_nothing(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], exported) == 0
    assert capsys.readouterr() == ("", "")


def test_check_names_each_stale_file_and_writes_nothing(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (exported / "contract/schemas/set.json").unlink()
    (exported / "contract/schemas/report.json").write_bytes(b"\xff not JSON")
    (exported / "contract/schemas/gone.json").write_text("{}")
    (exported / "contract/asyncapi.json").write_text("{}")
    (exported / "cloud/page/contract.js").write_text("export const HEDGE_MS = 1;")
    assert main(["--check"], exported) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == [
        "cloud/page/contract.js",
        "contract/asyncapi.json",
        "contract/schemas/gone.json",
        "contract/schemas/report.json",
        "contract/schemas/set.json",
    ]
    assert all(line.endswith("run python -m presslight.contract.export") for line in lines)
    assert not (exported / "contract/schemas/set.json").exists()


def test_export_repairs_a_stale_folder(exported: Path) -> None:
    (exported / "contract/schemas/set.json").unlink()
    (exported / "contract/schemas/gone.json").write_text("{}")
    (exported / "contract/asyncapi.json").write_text("{}")
    assert main([], exported) == 0
    assert stale(exported) == []


def test_check_of_an_empty_folder_names_every_file(tmp_path: Path) -> None:
    assert stale(tmp_path) == sorted(files())
