"""The bridge as it is composed: alarms, a locked or full store, two bridges on one store."""

import sqlite3
from pathlib import Path

import pytest

from presslight.cloud.bridge import Bridge
from presslight.cloud.core.presses import Presses
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.cloud.settings import Settings
from presslight.cloud.store.forgetting import ForgetRequest
from presslight.cloud.store.sqlite import Sqlite
from presslight.cloud.store.store import Store
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import STATE
from tests.cloud.conftest import House
from tests.cloud.ports import MS, Listener, S, ask, key, report
from tests.cloud.raw_phone import until
from tests.cloud.store_harness import record


class Clock:
    def __init__(self) -> None:
        self.now = 1_000 * S

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        broker=BrokerAddress(host="127.0.0.1", port=1), store=tmp_path / "presses.db", press_rate=1, press_burst=2
    )


async def test_alarm_rings_for_the_deadline(settings: Settings) -> None:
    clock = Clock()
    bridge = Bridge(settings, clock)
    async with bridge.running():
        bridge.broker_events.on_message(
            STATE.format(light="kitchen"), report().model_dump_json().encode(), retained=False
        )
        bridge.broker_events.on_broker(found=True)
        listener = Listener()
        bridge.presses.ask(ask(patience_ms=100), listener, clock.now)
        await until(lambda: listener.words == ["accepted"])
        assert bridge.timer.at == bridge.presses.wake_at is not None
        clock.now += 60 * MS
        bridge._on_time()
        assert listener.words == ["accepted"]
        clock.now += 60 * MS
        await until(lambda: listener.last == "unconfirmed")


async def test_mistake_of_one_alarm_stops_no_later_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = Bridge(settings)
    rung = []

    def on_time(now: int) -> None:
        rung.append(now)
        if len(rung) == 1:
            monkeypatch.setattr(Presses, "wake_at", now)
            raise ValueError

    monkeypatch.setattr(bridge.presses, "on_time", on_time)
    bridge.timer.wake_at(bridge.now())
    await until(lambda: len(rung) == 2)
    assert bridge.timer.at is not None
    bridge.timer.cancel()
    assert 'troubles_total{kind="defect"} 1.0' in bridge.metrics.text().decode()


async def test_mistake_in_forgetting_ends_no_bridge(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.store.forgetting.EACH_S", 0.01)
    tried: list[None] = []

    def to_forget() -> list[ForgetRequest]:
        tried.append(None)
        raise ValueError

    monkeypatch.setattr(house.bridge.store, "to_forget", to_forget)
    house.bridge.forgetting.note_write(written_elsewhere=True)
    await until(lambda: len(tried) == 3)
    assert (await house.http.get("/healthz")).status_code == 200
    assert await house.metric("presslight_troubles_total", kind="defect") >= 2


async def test_locked_store_refuses_presses_and_the_rest_goes_on(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    with sqlite3.connect(house.bridge.settings.store, isolation_level=None) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        await phone.press(1)
        error = await phone.until("error")
        assert (error["code"], error["key"], error["retry"]) == ("store_unavailable", key(1), True)
        await light.press_button("ON")
        await phone.sees(state="ON")
        locker.execute("ROLLBACK")
    locker.close()
    await phone.press(1)
    assert (await phone.until("outcome", final=True))["status"] == "applied"
    assert [pressed for pressed, _, _ in light.model.acted] == [key(1)]


def fill(store: Store) -> None:
    for number in range(1, 1_000):
        store.admit(record(number))


async def test_store_that_is_too_full_for_a_press_is_told_to_who_watches(house: House) -> None:
    """Upkeep alone would not notice, as it has nothing to write."""
    database = house.bridge.store._database
    assert isinstance(database, Sqlite)
    most = database._db.execute("PRAGMA max_page_count").fetchone()[0]
    database._db.execute(f"PRAGMA max_page_count = {database._db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreUnavailable, match="full"):
        fill(house.bridge.store)
    answer = await house.http.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "store_unavailable")
    assert await house.metric("presslight_store_up") == 0
    database._db.execute(f"PRAGMA max_page_count = {most}")
    await house.until(lambda: house.bridge.counts.store_is_good)


async def test_two_bridges_on_one_store_act_once(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    replica = Bridge(house.settings(broker=house.address("hall")))
    async with replica.running():
        heard = light.model.report(light.up()).model_dump_json().encode()
        replica.broker_events.on_message(STATE.format(light="kitchen"), heard, retained=False)
        replica.broker_events.on_broker(found=True)
        await phone.press(1)
        await phone.until("outcome")
        listener = Listener()
        replica.presses.ask(ask(1), listener, replica.now())
        await until(lambda: len(listener.words) > 0)
        assert listener.words[0] in ("accepted", "applied")
        with pytest.raises(Refusal):
            replica.presses.ask(ask(1, phone="bob"), listener, replica.now())
        await phone.until("outcome", final=True)
    assert len(light.model.acted) == 1
