import sqlite3
import threading

import pytest

from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.raw_phone import until


async def test_upkeep_prunes_and_moves_the_log_of_changes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.upkeep.UPKEEP_S", 0.01)
    await house.server.__aexit__(None, None, None)
    await house.open(keep_presses=3)
    await house.light()
    phone = await house.phone()
    for number in range(1, 9):
        await phone.press(number)
        await phone.until("outcome", key=key(number), final=True)

    def kept() -> int:
        with sqlite3.connect(house.bridge.settings.store) as db:
            count = int(db.execute("SELECT count(*) FROM presses").fetchone()[0])
        db.close()
        return count

    await until(lambda: kept() == 3)
    await phone.press(1)
    assert (await phone.until("outcome", key=key(1)))["status"] == "accepted"
    assert (await phone.until("outcome", key=key(1), final=True))["status"] in ("applied", "superseded", "refused")


async def test_checkpoint_that_fails_is_counted_and_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.upkeep.UPKEEP_S", 0.01)
    tried = threading.Semaphore(0)

    def checkpoint(db: sqlite3.Connection) -> None:
        tried.release()
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("presslight.cloud.store.sqlite.checkpoint", checkpoint)
    await until(lambda: tried._value >= 2)
    assert await house.metric("presslight_troubles_total", kind="store") >= 1


async def test_upkeep_that_fails_is_counted_and_the_house_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.cloud.upkeep.UPKEEP_S", 0.01)
    monkeypatch.setattr(house.bridge.store, "prune", lambda *_: 1 / 0)
    await house.light()
    await until(lambda: house.bridge.metrics.text().count(b'presslight_troubles_total{kind="defect"}') == 1)
    phone = await house.phone()
    await phone.press(1)
    assert (await phone.until("outcome", final=True))["status"] == "applied"
