import asyncio

import pytest

from presslight.cloud.uvicorn_protocols.unauthenticated import MAX_UNAUTHENTICATED, UnauthenticatedConnections
from presslight.contract import open_files
from presslight.contract.errors import ErrorCode

FILES = 64
MOST, MOST_OF_ONE = FILES // 4, FILES // 16


class Counts:
    def __init__(self) -> None:
        self.crowds: list[str | None] = []

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None: ...

    def crowded(self, client: str | None) -> None:
        self.crowds.append(client)


class Connection(asyncio.Transport):
    """A transport that notes its abort."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def unauthenticated(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> UnauthenticatedConnections:
    monkeypatch.setattr(open_files, "limit", lambda: FILES)
    return UnauthenticatedConnections(counts)


def connect(unauthenticated: UnauthenticatedConnections, count: int, client: str) -> list[Connection]:
    connections = [Connection() for _ in range(count)]
    for connection in connections:
        unauthenticated.add(connection, client)
    return connections


def aborted(connections: list[Connection]) -> list[bool]:
    return [connection.is_aborted for connection in connections]


def test_oldest_of_an_address_goes_first(unauthenticated: UnauthenticatedConnections, counts: Counts) -> None:
    other = connect(unauthenticated, 1, "10.0.0.1")
    connections = connect(unauthenticated, MOST_OF_ONE + 2, "10.0.0.2")
    assert aborted(connections) == [True] * 2 + [False] * MOST_OF_ONE
    assert aborted(other) == [False]
    assert counts.crowds == ["10.0.0.2"] * 2


def test_oldest_of_all_goes_where_many_addresses_come(unauthenticated: UnauthenticatedConnections) -> None:
    connections = [
        connection for number in range(MOST + 3) for connection in connect(unauthenticated, 1, f"10.0.0.{number}")
    ]
    assert aborted(connections) == [True] * 3 + [False] * MOST
    assert len(unauthenticated) == MOST


def test_who_has_signed_in_is_not_aborted_and_takes_no_place(
    unauthenticated: UnauthenticatedConnections, counts: Counts
) -> None:
    (signed_in,) = connect(unauthenticated, 1, "10.0.0.2")
    unauthenticated.discard(signed_in)
    connect(unauthenticated, MOST_OF_ONE, "10.0.0.2")
    assert counts.crowds == []
    connect(unauthenticated, 9 * MOST, "10.0.0.2")
    assert not signed_in.is_aborted


def test_machine_with_very_many_files_keeps_no_more_than_can_wait_to_be_heard(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "limit", lambda: 10**9)
    unauthenticated = UnauthenticatedConnections(counts)
    for number in range(MAX_UNAUTHENTICATED + 1):
        connect(unauthenticated, 1, f"10.0.{number // 256}.{number % 256}")
    assert len(unauthenticated) == MAX_UNAUTHENTICATED
