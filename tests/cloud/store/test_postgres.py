"""What PostgreSQL brings that a file does not: it may be away, slow or frozen, and others write at the same instant."""

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest

from presslight.cloud.errors import DuplicateKey, Refusal, StoreReplaced, StoreUnavailable
from presslight.cloud.store.database import database_at, patient
from presslight.cloud.store.postgres import Postgres
from presslight.cloud.store.store import Store
from presslight.cloud.store.tokens import issue_token
from presslight.contract.errors import ErrorCode
from presslight.contract.words import PressStatus
from tests.cloud.ports import key
from tests.cloud.raw_phone import WAIT_S, until
from tests.cloud.store_harness import StoreHarness, applied, record
from tests.postgres import PostgresServer


@pytest.fixture
def tested(database_url: str) -> Iterator[StoreHarness]:
    made = StoreHarness(database_url)
    yield made
    made.store.shut()


def hurry(tested: StoreHarness) -> None:
    """From now on the store waits no longer than it does in real life."""
    database = tested.store._database
    assert isinstance(database, Postgres)
    assert database._connection
    database._patience_s = database._connection.patience_s = 0.25


def is_away(tested: StoreHarness) -> bool:
    assert isinstance(tested.store._database, Postgres)
    return tested.store._database._connection is None


async def test_frozen_database_costs_one_wait_and_comes_back(tested: StoreHarness, postgres: PostgresServer) -> None:
    tested.store.admit(record(1))
    hurry(tested)
    with postgres.frozen():
        with pytest.raises(StoreUnavailable, match="Timeout"):
            tested.store.admit(record(2))
        assert is_away(tested)
        with pytest.raises(StoreUnavailable, match="away"):
            tested.store.admit(record(3))
        with pytest.raises(StoreUnavailable, match="away"):
            tested.store.find(key(1))
    assert (
        len([each for each in tested.troubles if not isinstance(each, StoreUnavailable)]) == 1
    )  # once, and each press
    await tested.store.maintain()
    tested.store.admit(record(3))
    assert tested.store.find(key(1)) == record(1)


async def test_press_that_was_stored_with_nobody_told_of_it_is_known(
    tested: StoreHarness, postgres: PostgresServer
) -> None:
    """The answer was lost, not the press: asked again, it is the same press."""
    hurry(tested)
    with postgres.frozen(), pytest.raises(StoreUnavailable):
        tested.store.admit(record())
    await tested.store.maintain()
    with contextlib.suppress(DuplicateKey):
        tested.store.admit(record())
    assert tested.store.find(key()) == record()
    assert tested.sql("SELECT count(*) FROM presses") == [(1,)]


async def test_database_that_crashes_keeps_every_press(tested: StoreHarness, postgres: PostgresServer) -> None:
    for number in range(1, 21):
        tested.store.admit(record(number))
    postgres.stop(signal.SIGQUIT)
    try:
        tested.store.close(applied(record(1)))
        with pytest.raises(StoreUnavailable):
            tested.store.admit(record(21))
        tested.later.pass_by()
        with pytest.raises(StoreUnavailable):
            await tested.store.maintain()
        assert tested.store.find(key(1)) == applied(record(1))
    finally:
        postgres.start()
    await tested.store.maintain()
    tested.later.pass_by()
    assert tested.store.find(key(1)) == applied(record(1))
    assert tested.store.open_presses() == [record(number) for number in range(2, 21)]


async def test_store_that_is_shut_while_it_connects_leaves_nothing(
    tested: StoreHarness, postgres: PostgresServer
) -> None:
    hurry(tested)
    with postgres.frozen():
        with pytest.raises(StoreUnavailable):
            tested.store.find(key())
        tending = asyncio.create_task(tested.store.maintain())
        await asyncio.sleep(0)
        tending.cancel()
        await asyncio.wait([tending])
        assert tending.cancelled()
    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0)
    others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    await until(lambda: tested.sql(others) == [(0,)])  # the server lets go of a connection a moment after the other end


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make these calls in one instant; answers what each answered or raised."""
    start = threading.Barrier(len(calls))

    def call(what: Callable[[], object]) -> object:
        start.wait(WAIT_S)
        try:
            return what()
        except (DuplicateKey, Refusal) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, calls))


def test_one_key_through_two_stores_at_once_is_stored_once(tested: StoreHarness) -> None:
    other = tested.another()
    for number in range(1, 201):
        offline = record(number)._replace(status=PressStatus.OFFLINE)
        said = at_once(partial(tested.store.admit, record(number)), partial(other.admit, offline))
        (known,) = [answer for answer in said if isinstance(answer, DuplicateKey)]
        assert said.count(None) == 1
        assert known.record == (offline if said[1] is None else record(number))
        assert other.find(key(number)) == tested.store.find(key(number)) == known.record
    other.shut()


def test_one_text_through_two_stores_at_once_is_one_press(tested: StoreHarness) -> None:
    other = tested.another()
    for number in range(1, 201):
        text = number.to_bytes(32)
        ours, theirs = record(number, origin="a" * 16), record(number, origin="b" * 16)
        said = at_once(partial(tested.store.admit, ours, text), partial(other.admit, theirs, text))
        (known,) = [answer for answer in said if isinstance(answer, DuplicateKey)]
        assert said.count(None) == 1
        assert known.record == (theirs if said[1] is None else ours)
        assert tested.store.find_text(text) == other.find_text(text) == known.record
    assert tested.sql("SELECT count(*) FROM presses") == [(200,)]
    other.shut()


def test_one_origin_through_two_stores_at_once_is_one_phones(tested: StoreHarness) -> None:
    other = tested.another()
    for number in range(1, 101):
        origin = f"{number:016x}"
        anns, bobs = record(1, origin=origin), record(2, origin=origin, phone="bob")
        said = at_once(partial(tested.store.admit, anns), partial(other.admit, bobs))
        (refused,) = [answer for answer in said if isinstance(answer, Refusal)]
        assert refused.code is ErrorCode.FORBIDDEN
        assert said.count(None) == 1
    other.shut()


def test_last_words_of_two_stores_at_once_do_not_block_each_other(tested: StoreHarness) -> None:
    other = tested.another()
    for number in range(1, 301):
        tested.store.admit(record(number))
    for number in range(1, 301):
        tested.store.close(applied(record(number)))
        other.close(record(301 - number)._replace(status=PressStatus.FORGOTTEN))
    assert at_once(tested.store.flush, other.flush) == [None, None]
    assert tested.troubles == []
    assert tested.store.open_presses() == []
    assert len(tested.sql("SELECT DISTINCT word FROM presses")) == 1
    other.shut()


@pytest.mark.usefixtures("database_url")
def test_two_bridges_may_start_at_once_on_an_empty_database(postgres: PostgresServer) -> None:
    for _ in range(5):
        shelves = at_once(*[partial(StoreHarness, postgres.new_database())] * 3)
        for tested in shelves:
            assert isinstance(tested, StoreHarness)
            tested.store.shut()


@pytest.mark.parametrize("is_cut_off", [False, True])
async def test_other_store_in_the_place_of_the_one_that_was_opened_takes_nothing(
    tested: StoreHarness, *, is_cut_off: bool
) -> None:
    tested.store.admit(record(1))
    schema = str(tested.sql("SELECT current_schema()")[0][0])
    with psycopg.connect(str(tested.address), autocommit=True) as owner:
        owner.execute(f"ALTER SCHEMA {schema} RENAME TO {schema}_aside".encode())
        owner.execute(f"CREATE SCHEMA {schema}".encode())
    token = issue_token(tested.address, "ann")  # makes the tables
    if is_cut_off:
        tested.store._database.close()
    with contextlib.suppress(StoreUnavailable):
        await tested.store.maintain()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            tested.store.admit(record(2))
        with pytest.raises(StoreUnavailable):
            tested.store.phone_of(token)
        with pytest.raises(StoreReplaced):
            await tested.store.maintain()
    with psycopg.connect(str(tested.address), autocommit=True) as owner:
        owner.execute(f"DROP SCHEMA {schema} CASCADE".encode())
        owner.execute(f"ALTER SCHEMA {schema}_aside RENAME TO {schema}".encode())
    await tested.store.maintain()
    tested.store.admit(record(2))
    assert tested.store.find(key(1)) == record(1)


@pytest.mark.parametrize(
    ("setting", "servers", "ours"),
    [("synchronous_commit", "off", "on"), ("default_transaction_isolation", "serializable", "read committed")],
)
def test_what_promises_rest_on_is_not_left_to_the_server(
    database_url: str, setting: str, servers: str, ours: str
) -> None:
    tested = StoreHarness(f"{database_url}%20-c{setting}%3D{servers}")
    assert tested.store._database.run(f"SHOW {setting}") == [{setting: ours}]
    tested.store.shut()


def test_database_that_may_only_be_read_refuses(tested: StoreHarness) -> None:
    tested.store._database.run("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="ReadOnly"):
        tested.store.admit(record())
    assert tested.store.find(key()) is None


def test_missing_server_is_one_clear_line() -> None:
    store = Store("postgresql://ann@127.0.0.1:1/house", lambda *_: None, lambda _: None)
    with pytest.raises(StoreUnavailable, match="refused") as unavailable:
        store.open()
    assert str(unavailable.value).startswith("cannot open the store: PostgreSQL: ")
    assert "\n" not in str(unavailable.value)


def test_address_that_libpq_cannot_read_is_one_clear_line() -> None:
    with pytest.raises(StoreUnavailable, match="PostgreSQL"), patient("postgresql://ann@host/house?no=such"):
        pass


def test_missing_driver_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "presslight.cloud.store.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip --python \S+ install 'psycopg\[binary\]"):
        database_at("postgresql://ann@host/house", lambda _: None)
