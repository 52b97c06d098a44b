"""A stack's folder, which is one stack's at a time."""

from pathlib import Path

import pytest

from presslight.own_folder import FolderInUse, own_folder
from presslight.stack import Stack


async def test_second_stack_on_a_folder_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with Stack(lights=0, folder=tmp_path):
        before = (tmp_path / "credentials.json").read_bytes()
        with pytest.raises(FolderInUse, match=f"runs on {tmp_path}"):
            await Stack(lights=1, folder=tmp_path).__aenter__()
        assert (tmp_path / "credentials.json").read_bytes() == before
    async with Stack(lights=0, folder=tmp_path):
        pass


def test_folder_is_free_once_who_had_it_has_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError), own_folder(tmp_path):
        raise KeyError
    with own_folder(tmp_path):
        pass
