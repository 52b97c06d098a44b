"""Lights to be forgotten, as the store has it: asked for by another program, answered by a bridge."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud import forgetting
from cloud.errors import StoreUnavailable
from cloud.forgetting import Answer, Forgetting
from cloud.record import Record
from cloud.store import Store
from tests.cloud.ports import Office
from tests.postgres import PostgresServer

LIGHT = "kitchen"


def trouble(error: Exception) -> None:
    raise error


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "presses.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def store(address: Path | str) -> Iterator[Store]:
    store = Store(address, lambda _wait, _call: None, trouble)
    store.open()
    yield store
    store.shut()


class Line:
    """A broker that tells, or does not, that it has emptied what it kept of a light."""

    def __init__(self, office: Office, *, echoes: bool = True) -> None:
        self.office = office
        self.echoes = echoes
        self.emptied: list[str] = []

    def empty(self, light: str) -> None:
        self.emptied.append(light)
        if self.echoes and self.office.desk.house.knows(light):
            self.office.desk.forget(light, self.office.now)


class Bridge:
    """A bridge at this store."""

    def __init__(self, store: Store, *, echoes: bool = True, furnished: bool = True) -> None:
        self.office = Office(furnished=furnished)
        self.office.desk.broker = True
        self.line = Line(self.office, echoes=echoes)
        self.readied = 0
        self.forgetting = Forgetting(store, self.line, self.office.desk, lambda: self.office.now, self._ready)
        self.forgetting.recall()

    async def _ready(self) -> None:
        assert len(self.line.emptied) == self.readied
        self.readied += 1


def wanted(address: Path | str, *, is_known: bool = True) -> Answer | None:
    return forgetting.ask(address, LIGHT, 0, is_known=is_known)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "ECHO_S", 0)


async def test_bridge_empties_and_answers_once(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    assert wanted(address) is None
    for _ in range(2):
        await bridge.forgetting.tend()
    assert bridge.line.emptied == [LIGHT]
    assert bridge.readied == 1
    assert [asked.answer for asked in store.to_forget()] == [Answer.FORGOTTEN]
    assert bridge.office.audience.gone == [LIGHT]


async def test_bridge_without_its_broker_does_it_later(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    bridge.office.desk.broker = False
    wanted(address)
    await bridge.forgetting.tend()
    assert bridge.line.emptied == []
    bridge.office.desk.broker = True
    await bridge.forgetting.tend()
    assert bridge.line.emptied == [LIGHT]


async def test_bridge_that_was_away_reads_that_another_has_done_it(address: Path | str, store: Store) -> None:
    one, other = Bridge(store), Bridge(store)
    other.office.desk.broker = False
    wanted(address)
    await one.forgetting.tend()
    for _ in range(2):
        await other.forgetting.tend()
    assert other.line.emptied == []
    assert other.office.audience.gone == [LIGHT]
    assert LIGHT not in other.office.desk.house.lights


async def test_bridge_that_does_not_know_the_light_leaves_the_answer_to_one_that_does(
    address: Path | str, store: Store
) -> None:
    one, stranger = Bridge(store), Bridge(store, furnished=False)
    wanted(address)
    asked = store.to_forget()[0]
    await one.forgetting.tend()
    store.answer(asked, Answer.UNKNOWN)  # the stranger had begun as well
    assert store.to_forget()[0].answer is Answer.FORGOTTEN
    await stranger.forgetting.tend()
    assert stranger.line.emptied == []


async def test_light_that_nobody_knows_is_unknown(address: Path | str, store: Store) -> None:
    wanted(address)
    await Bridge(store, furnished=False).forgetting.tend()
    assert store.to_forget()[0].answer is Answer.UNKNOWN


async def test_broker_that_empties_nothing_has_refused(address: Path | str, store: Store) -> None:
    wanted(address)
    await Bridge(store, echoes=False).forgetting.tend()
    assert store.to_forget()[0].answer is Answer.REFUSED


async def test_light_may_be_forgotten_again(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address)
    await bridge.forgetting.tend()
    bridge.office.report(boot="0000beef")
    wanted(address)
    await bridge.forgetting.tend()
    assert bridge.line.emptied == [LIGHT, LIGHT]
    assert bridge.office.audience.gone == [LIGHT, LIGHT]


async def test_bridge_that_starts_tells_what_was_forgotten_and_keeps_who_came_since(
    address: Path | str, store: Store
) -> None:
    wanted(address)
    await Bridge(store).forgetting.tend()
    later = Bridge(store, furnished=False)
    later.office.report(boot="0000beef")
    await later.forgetting.tend()
    assert later.line.emptied == []
    assert later.office.audience.gone == []
    assert list(later.office.desk.house.forgotten) == [LIGHT]
    assert LIGHT in later.office.desk.house.lights


def test_light_that_is_not_known_is_not_asked_for_any_more(address: Path | str, store: Store) -> None:
    assert wanted(address, is_known=False) is None
    assert store.to_forget() == []


def test_light_was_pressed_until_it_is_forgotten(address: Path | str, store: Store) -> None:
    assert not forgetting.was_pressed(address, LIGHT)
    store.admit(ask_record())
    assert forgetting.was_pressed(address, LIGHT)
    wanted(address)
    store.answer(store.to_forget()[0], Answer.FORGOTTEN)
    assert not forgetting.was_pressed(address, LIGHT)
    assert wanted(address, is_known=False) is None
    assert [asked.answer for asked in store.to_forget()] == [Answer.FORGOTTEN]  # as before


def ask_record() -> Record:
    office = Office()
    office.ask()
    return next(iter(office.ledger.records.values()))


def test_store_of_a_bridge_before_this_learns_it(tmp_path: Path) -> None:
    old = Store(tmp_path / "presses.db", lambda _wait, _call: None, trouble)
    old.open()
    old.shut()
    with sqlite3.connect(tmp_path / "presses.db") as database:
        database.execute("DROP TABLE forgotten")
    database.close()
    assert wanted(tmp_path / "presses.db") is None


def test_store_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        wanted(tmp_path / "nowhere" / "presses.db")
