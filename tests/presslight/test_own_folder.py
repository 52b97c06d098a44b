"""A stack's folder, which is one stack's at a time."""

import os
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work in another user's folder and leave files there")
def test_root_leaves_nothing_in_a_users_folder_that_shuts_the_user_out(tmp_path: Path) -> None:
    os.chown(tmp_path, 12_345, 12_346)
    with own_folder(tmp_path):
        pass
    lock = (tmp_path / "up.lock").stat()
    assert (lock.st_uid, lock.st_gid) == (12_345, 12_346)
