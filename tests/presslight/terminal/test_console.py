"""What every verb shares."""

import os
from pathlib import Path

import pytest

from presslight.terminal.console import parse_path


def test_home_is_found_where_no_shell_has_looked_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_path("~/house") == tmp_path / "house"
    assert parse_path("~") == tmp_path


@pytest.mark.parametrize("text", ["./~", "house/~", "~nobody-of-that-name/x", os.fsdecode(b"\xff")])
def test_other_path_is_taken_as_it_stands(text: str) -> None:
    assert parse_path(text) == Path(text)
