import asyncio
import threading
from collections.abc import Iterator

import pytest

from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.store.group_commit import GroupCommit
from tests.cloud.raw_phone import WAIT_S, until


class Disk:
    """Takes what it is given when it is let. `fails`: it says that it cannot."""

    def __init__(self) -> None:
        self.begun = 0
        self.fails = False
        self.let = threading.Semaphore(0)

    def __call__(self) -> None:
        self.begun += 1
        assert self.let.acquire(timeout=WAIT_S)
        if self.fails:
            raise OSError(5, "Input/output error")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def commit(disk: Disk) -> Iterator[GroupCommit]:
    made = GroupCommit(disk)
    yield made
    disk.let.release(100)
    made.close()


async def test_who_comes_meanwhile_shares_the_next_turn(disk: Disk, commit: GroupCommit) -> None:
    heard: list[tuple[int, StoreUnavailable | None]] = []
    for number in range(10):
        commit.call_when_synced(lambda error, number=number: heard.append((number, error)))  # type: ignore[misc]  # mypy cannot type a lambda's default
    await until(lambda: disk.begun == 1)
    await asyncio.sleep(0)  # the loop goes on
    assert heard == []
    disk.let.release()
    await until(lambda: len(heard) == 1)
    disk.let.release()
    await until(lambda: len(heard) == 10)
    assert heard == [(number, None) for number in range(10)]
    assert disk.begun == 2


async def test_disk_that_failed_once_is_not_believed_any_more(disk: Disk, commit: GroupCommit) -> None:
    heard: list[StoreUnavailable | None] = []
    disk.fails = True
    disk.let.release()
    commit.call_when_synced(heard.append)
    await until(lambda: len(heard) == 1)
    disk.fails = False
    disk.let.release()
    commit.call_when_synced(heard.append)
    assert len(heard) == 1  # nobody is told before the call returns
    await until(lambda: len(heard) == 2)
    assert all("Input/output error" in str(error) for error in heard)
    assert disk.begun == 1


async def test_who_waits_as_it_is_closed_hears_that_it_was(disk: Disk, commit: GroupCommit) -> None:
    first: list[StoreUnavailable | None] = []
    second: list[StoreUnavailable | None] = []
    commit.call_when_synced(first.append)
    await until(lambda: disk.begun == 1)
    commit.call_when_synced(second.append)
    disk.let.release()
    commit.close()
    await until(lambda: len(first) == len(second) == 1)
    assert first == [None]
    assert isinstance(second[0], StoreUnavailable)
    assert disk.begun == 1
