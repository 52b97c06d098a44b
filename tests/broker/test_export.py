"""The configuration for containers that is checked in."""

import re
from pathlib import Path

import pytest

from presslight.broker import export


def test_checked_in_files_are_current() -> None:
    assert export.stale() == []


def test_stale_file_is_named_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export.write_files(tmp_path)
    (tmp_path / "acl").write_text("topic #")
    monkeypatch.setattr(export.stale, "__defaults__", (tmp_path,))
    monkeypatch.setattr(export.write_files, "__defaults__", (tmp_path,))
    assert export.main(["--check"]) == 1
    assert capsys.readouterr().err == "broker/mosquitto/acl is not current: run python -m presslight.broker.export\n"
    assert export.main([]) == 0
    assert export.main(["--check"]) == 0


def test_checked_in_files_hold_no_secret_and_no_path_of_a_machine() -> None:
    text = "".join(export.files().values())
    assert "$7$" not in text
    assert all(path.startswith(("/mosquitto/", "/etc/mosquitto/presslight/")) for path in re.findall(r" (/\S+)", text))
