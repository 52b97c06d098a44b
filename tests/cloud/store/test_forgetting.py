"""Lights to be forgotten, as the store has it: asked for by another program, answered by a bridge."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.store import forgetting
from presslight.cloud.store.database import patient
from presslight.cloud.store.forgetting import Answer, Forgetting
from presslight.cloud.store.store import WAITED_FOR_MS, Store
from tests.cloud import ports
from tests.cloud.ports import Harness

LIGHT = "kitchen"


def trouble(error: Exception) -> None:
    raise error


def on_defect(_where: str, error: Exception) -> None:
    raise error


@pytest.fixture
def store(address: Path | str) -> Iterator[Store]:
    store = Store(address, lambda _wait, _call: None, trouble)
    store.open()
    yield store
    store.shut()


class LightPublisher:
    """A broker that tells, or does not, that it has emptied what it kept of a light."""

    def __init__(self, harness: Harness, *, echoes: bool = True) -> None:
        self.harness = harness
        self.echoes = echoes
        self.acks = True
        self.drops = False
        self.emptied: list[str] = []

    async def clear_retained(self, light: str) -> bool:
        self.emptied.append(light)
        if self.drops:
            self.harness.presses.on_broker(found=False, now=self.harness.now)
            self.harness.later(1_000)
            self.harness.presses.on_broker(found=True, now=self.harness.now)
        elif self.echoes:
            self.echo(light)
        return self.acks

    def echo(self, light: str = LIGHT) -> None:
        if self.harness.presses.lights.knows(light):
            self.harness.presses.on_emptied(light, self.harness.now)


class PressStore(ports.PressStore):
    """Presses as ever, and the requests of a store."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store

    def asked_to_forget(self, light: str) -> int | None:
        return self.store.asked_to_forget(light)


class Bridge:
    """A bridge at this store."""

    def __init__(self, store: Store, *, echoes: bool = True, with_light: bool = True) -> None:
        self.harness = Harness(store=PressStore(store), with_light=with_light)
        self.harness.presses._runner.on_broker(found=True)
        self.publisher = LightPublisher(self.harness, echoes=echoes)
        self.readied = 0
        self.broker_knows = True
        self.forgetting = Forgetting(
            store, self.publisher, self.harness.presses, lambda: self.harness.now, self._ready, trouble, on_defect
        )
        self.forgetting.recall()

    async def _ready(self, _light: str) -> bool:
        if self.broker_knows:
            assert len(self.publisher.emptied) == self.readied
            self.readied += 1
        return self.broker_knows

    async def handle_requests(self) -> None:
        """As each second, where the store was written to."""
        self.forgetting.note_write(written_elsewhere=True)
        await self.forgetting.handle_requests()


def wanted(address: Path | str, *, ms_ago: int = 0) -> None:
    """Somebody asks, and waits."""
    with patient(address) as database:
        database.run(forgetting._ASK, (LIGHT, time.time_ns() // 1_000_000 - ms_ago))


def asked_in_vain(address: Path | str) -> Answer | None:
    return forgetting.request_forgetting(address, LIGHT, 0)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "ECHO_S", 0)


async def test_nothing_is_emptied_until_the_broker_knows_that_the_light_may_not_sign_in(
    address: Path | str, store: Store
) -> None:
    bridge = Bridge(store)
    bridge.broker_knows = False
    wanted(address)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == []
    assert [asked.answer for asked in store.to_forget()] == [None]
    bridge.broker_knows = True
    await bridge.handle_requests()
    assert bridge.publisher.emptied == [LIGHT]


async def test_bridge_empties_and_answers_once(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address)
    for _ in range(2):
        await bridge.handle_requests()
    assert bridge.publisher.emptied == [LIGHT]
    assert bridge.readied == 1
    assert [asked.answer for asked in store.to_forget()] == [Answer.FORGOTTEN]
    assert bridge.harness.broadcaster.gone == [LIGHT]


async def test_who_asks_right_after_it_was_done_has_it_done_again(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address, ms_ago=1)
    await bridge.handle_requests()
    wanted(address)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == [LIGHT, LIGHT]
    assert [asked.answer for asked in store.to_forget()] == [Answer.UNKNOWN]


async def test_bridge_without_its_broker_does_it_later(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    bridge.harness.presses._runner.on_broker(found=False)
    wanted(address)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == []
    bridge.harness.presses._runner.on_broker(found=True)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == [LIGHT]


async def test_bridge_that_was_away_reads_that_another_has_done_it(address: Path | str, store: Store) -> None:
    one, other = Bridge(store), Bridge(store)
    other.harness.presses._runner.on_broker(found=False)
    wanted(address)
    await one.handle_requests()
    for _ in range(2):
        await other.handle_requests()
    assert other.publisher.emptied == []
    assert other.harness.broadcaster.gone == [LIGHT]
    assert LIGHT not in other.harness.presses.lights.by_name


async def test_bridge_that_does_not_know_the_light_leaves_the_answer_to_one_that_does(
    address: Path | str, store: Store
) -> None:
    one, stranger = Bridge(store), Bridge(store, with_light=False)
    wanted(address)
    asked = store.to_forget()[0]
    await one.handle_requests()
    store.answer_request(asked, Answer.UNKNOWN)  # the stranger had begun as well
    assert store.to_forget()[0].answer is Answer.FORGOTTEN
    await stranger.handle_requests()
    assert stranger.publisher.emptied == []


async def test_light_that_nobody_knows_is_unknown(address: Path | str, store: Store) -> None:
    wanted(address)
    await Bridge(store, with_light=False).handle_requests()
    assert store.to_forget()[0].answer is Answer.UNKNOWN


async def test_broker_that_empties_nothing_has_refused(address: Path | str, store: Store) -> None:
    wanted(address)
    await Bridge(store, echoes=False).handle_requests()
    assert store.to_forget()[0].answer is Answer.REFUSED


async def test_light_may_be_forgotten_again(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address)
    await bridge.handle_requests()
    bridge.harness.report(boot="0000beef")
    await bridge.handle_requests()
    wanted(address, ms_ago=-1_000)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == [LIGHT, LIGHT]
    assert bridge.harness.broadcaster.gone == [LIGHT, LIGHT]


async def test_bridge_that_starts_tells_what_was_forgotten_and_keeps_who_came_since(
    address: Path | str, store: Store
) -> None:
    wanted(address)
    await Bridge(store).handle_requests()
    later = Bridge(store, with_light=False)
    later.harness.report(boot="0000beef")
    await later.handle_requests()
    assert later.publisher.emptied == []
    assert later.harness.broadcaster.gone == []
    assert list(later.harness.presses.lights.forgotten) == [LIGHT]
    assert LIGHT in later.harness.presses.lights.by_name


async def test_bridge_that_heard_of_it_leaves_the_light_that_came_since(address: Path | str, store: Store) -> None:
    one, other = Bridge(store), Bridge(store)
    for bridge in (one, other):
        await bridge.handle_requests()
    wanted(address)
    await one.handle_requests()
    other.publisher.echo()
    other.harness.report(boot="0000beef")
    for _ in range(2):
        await other.handle_requests()
    assert other.harness.broadcaster.gone == [LIGHT]
    assert LIGHT in other.harness.presses.lights.by_name


async def test_bridge_that_heard_of_it_takes_it_for_no_request_that_came_after(
    address: Path | str, store: Store
) -> None:
    one, other = Bridge(store), Bridge(store)
    for bridge in (one, other):
        await bridge.handle_requests()
    wanted(address, ms_ago=1)
    await one.handle_requests()
    other.publisher.echo()
    for bridge in (one, other):
        bridge.harness.report(boot="0000beef")
    wanted(address)
    for bridge in (other, one):  # other has looked into the store neither before nor after it heard of the first
        await bridge.handle_requests()
    assert other.publisher.emptied == [LIGHT]
    assert other.harness.broadcaster.gone == [LIGHT, LIGHT]


async def test_emptying_is_for_the_last_request_that_was_heard_of_where_the_store_is_away(
    address: Path | str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_light: str) -> int | None:
        raise StoreUnavailable("away")

    bridge = Bridge(store)
    wanted(address)
    with monkeypatch.context() as broken:
        broken.setattr(store, "asked_to_forget", away)
        await bridge.handle_requests()
    assert [asked.answer for asked in store.to_forget()] == [Answer.FORGOTTEN]


async def test_emptying_that_nobody_asked_for_is_not_taken_for_a_later_one(address: Path | str, store: Store) -> None:
    one, other = Bridge(store), Bridge(store)
    await other.handle_requests()
    other.publisher.echo()
    other.harness.report(boot="0000beef")
    other.harness.presses._runner.on_broker(found=False)
    other.forgetting.note_write(written_elsewhere=False)
    wanted(address)
    await one.handle_requests()
    await other.handle_requests()
    assert other.harness.broadcaster.gone == [LIGHT, LIGHT]


async def test_light_that_was_emptied_before_the_store_went_away_is_answered_for_later(
    address: Path | str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_asked: object, _answer: object) -> None:
        raise StoreUnavailable("away")

    bridge = Bridge(store)
    wanted(address)
    with monkeypatch.context() as away:
        away.setattr(store, "answer_request", broken)
        with pytest.raises(StoreUnavailable):
            await bridge.handle_requests()
    assert store.to_forget()[0].answer is None
    bridge.harness.report(boot="0000beef")
    await bridge.forgetting.handle_requests()
    assert store.to_forget()[0].answer is Answer.FORGOTTEN
    assert bridge.publisher.emptied == [LIGHT]
    assert LIGHT in bridge.harness.presses.lights.by_name


@pytest.mark.parametrize("why", ["not acknowledged", "connection dropped"])
async def test_broker_that_may_not_have_heard_is_asked_again(why: str, address: Path | str, store: Store) -> None:
    bridge = Bridge(store, echoes=False)
    bridge.publisher.acks, bridge.publisher.drops = why != "not acknowledged", why == "connection dropped"
    wanted(address)
    await bridge.handle_requests()
    assert store.to_forget()[0].answer is None
    bridge.publisher.acks, bridge.publisher.drops, bridge.publisher.echoes = True, False, True
    await bridge.forgetting.handle_requests()
    assert store.to_forget()[0].answer is Answer.FORGOTTEN


async def test_store_is_left_alone_where_nobody_wrote_to_it(
    address: Path | str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = Bridge(store)
    await bridge.handle_requests()
    monkeypatch.setattr(store, "to_forget", lambda: pytest.fail("read"))
    await bridge.forgetting.handle_requests()
    bridge.forgetting.note_write(written_elsewhere=False)
    await bridge.forgetting.handle_requests()


async def test_request_ends_with_the_wait(address: Path | str, store: Store) -> None:
    assert asked_in_vain(address) is None
    assert store.to_forget() == []
    bridge = Bridge(store)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == []


def test_answer_to_a_newer_request_is_told_to_who_asked_before(
    address: Path | str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_s: float) -> None:
        wanted(address, ms_ago=-1_000)
        store.answer_request(store.to_forget()[0], Answer.FORGOTTEN)

    monkeypatch.setattr(time, "sleep", meanwhile)
    assert forgetting.request_forgetting(address, LIGHT, 10) is Answer.FORGOTTEN


async def test_request_is_nothing_once_who_asked_cannot_wait_any_more(address: Path | str, store: Store) -> None:
    wanted(address, ms_ago=WAITED_FOR_MS + 1)
    bridge = Bridge(store)
    await bridge.handle_requests()
    assert bridge.publisher.emptied == []
    assert store.to_forget() == []


async def test_request_that_is_taken_back_at_the_last_moment_is_not_done(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address)
    taking_back = store.to_forget()[0]

    async def before(_light: str) -> bool:
        with patient(address) as database:
            forgetting._give_up(database, LIGHT, taking_back.asked_at, None)
        return True

    bridge.forgetting._before = before
    await bridge.handle_requests()
    assert bridge.publisher.emptied == []


async def test_request_that_came_to_nothing_leaves_all_as_it_was(address: Path | str, store: Store) -> None:
    bridge = Bridge(store)
    wanted(address, ms_ago=1_000)
    await bridge.handle_requests()
    before = store.to_forget()
    bridge.harness.report(boot="0000beef")
    assert asked_in_vain(address) is None
    assert store.to_forget() == before
    restarted = Bridge(store, with_light=False)
    restarted.harness.report(boot="0000beef")
    for each in (bridge, restarted):
        await each.handle_requests()
        assert LIGHT in each.harness.presses.lights.by_name


async def test_bridge_that_starts_amid_a_request_in_vain_keeps_its_light(address: Path | str, store: Store) -> None:
    wanted(address, ms_ago=1_000)
    await Bridge(store).handle_requests()
    before = store.to_forget()[0]
    wanted(address)
    bridge = Bridge(store)
    bridge.harness.presses._runner.on_broker(found=False)
    await bridge.handle_requests()
    with patient(address) as database:
        forgetting._give_up(database, LIGHT, store.to_forget()[0].asked_at, before)
    await bridge.handle_requests()
    assert store.to_forget() == [before]
    assert LIGHT in bridge.harness.presses.lights.by_name


def test_what_a_bridge_did_in_the_last_moment_stays(address: Path | str, store: Store) -> None:
    wanted(address)
    asked = store.to_forget()[0]
    store.answer_request(asked, Answer.FORGOTTEN)
    with patient(address) as database:
        forgetting._give_up(database, LIGHT, asked.asked_at, None)
    assert [each.answer for each in store.to_forget()] == [Answer.FORGOTTEN]


def test_store_keeps_the_newest_names(address: Path | str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "MAX_LIGHTS", 2)
    with patient(address) as database:
        for number in range(4):
            database.run("INSERT INTO forgotten VALUES (?, ?, 'forgotten')", (f"light-{number}", number))
    asked_in_vain(address)
    assert [asked.light for asked in store.to_forget()] == ["light-2", "light-3"]


def test_store_of_a_bridge_before_this_learns_it(tmp_path: Path) -> None:
    old = Store(tmp_path / "presses.db", lambda _wait, _call: None, trouble)
    old.open()
    old.shut()
    with sqlite3.connect(tmp_path / "presses.db") as database:
        database.execute("DROP TABLE forgotten")
    database.close()
    assert asked_in_vain(tmp_path / "presses.db") is None


def test_store_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        asked_in_vain(tmp_path / "nowhere" / "presses.db")
