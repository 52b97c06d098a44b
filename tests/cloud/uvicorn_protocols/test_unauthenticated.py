import asyncio

import pytest

from presslight.cloud.uvicorn_protocols.unauthenticated import MOST_STRANGERS, Doorstep
from presslight.contract import open_files
from presslight.contract.errors import ErrorCode

FILES = 64
MOST, MOST_OF_ONE = FILES // 4, FILES // 16


class Counts:
    def __init__(self) -> None:
        self.crowds: list[str | None] = []

    def error(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None: ...

    def crowded(self, client: str | None) -> None:
        self.crowds.append(client)


class Line(asyncio.Transport):
    """A connection that notes its end."""

    is_dropped = False

    def abort(self) -> None:
        self.is_dropped = True


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def doorstep(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> Doorstep:
    monkeypatch.setattr(open_files, "limit", lambda: FILES)
    return Doorstep(counts)


def come(doorstep: Doorstep, count: int, client: str) -> list[Line]:
    lines = [Line() for _ in range(count)]
    for line in lines:
        doorstep.come(line, client)
    return lines


def dropped(lines: list[Line]) -> list[bool]:
    return [line.is_dropped for line in lines]


def test_oldest_of_an_address_goes_first(doorstep: Doorstep, counts: Counts) -> None:
    other = come(doorstep, 1, "10.0.0.1")
    lines = come(doorstep, MOST_OF_ONE + 2, "10.0.0.2")
    assert dropped(lines) == [True] * 2 + [False] * MOST_OF_ONE
    assert dropped(other) == [False]
    assert counts.crowds == ["10.0.0.2"] * 2


def test_oldest_of_all_goes_where_many_addresses_come(doorstep: Doorstep) -> None:
    lines = [line for number in range(MOST + 3) for line in come(doorstep, 1, f"10.0.0.{number}")]
    assert dropped(lines) == [True] * 3 + [False] * MOST
    assert len(doorstep) == MOST


def test_who_has_signed_in_is_not_dropped_and_takes_no_place(doorstep: Doorstep, counts: Counts) -> None:
    (known,) = come(doorstep, 1, "10.0.0.2")
    doorstep.leave(known)
    come(doorstep, MOST_OF_ONE, "10.0.0.2")
    assert counts.crowds == []
    come(doorstep, 9 * MOST, "10.0.0.2")
    assert not known.is_dropped


def test_machine_with_very_many_files_keeps_no_more_than_can_wait_to_be_heard(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "limit", lambda: 10**9)
    doorstep = Doorstep(counts)
    for number in range(MOST_STRANGERS + 1):
        come(doorstep, 1, f"10.0.{number // 256}.{number % 256}")
    assert len(doorstep) == MOST_STRANGERS
