"""A store whose files are taken away or replaced under a running bridge: nobody presses by what is not right."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from presslight.cloud.errors import StoreNotOpened
from presslight.cloud.store.sqlite import Sqlite
from presslight.cloud.store.tokens import issue_token
from tests import forked
from tests.cloud.conftest import House
from tests.cloud.fake_light import FakeLight
from tests.cloud.ports import key
from tests.cloud.raw_phone import RawPhone

PRESS = "/api/lights/kitchen/presses"


def beside(store: Path, ending: str) -> Path:
    return store.with_name(store.name + ending)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def back_up(store: Path) -> Path:
    """A good store as this one is now, in another file."""
    copy = beside(store, ".backup")
    with closing(sqlite3.connect(store)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)
    return copy


def put_a_backup(store: Path) -> None:
    back_up(store).replace(store)


def put_a_stranger(store: Path) -> None:
    other = beside(store, ".other")
    issue_token(other, "somebody")
    other.replace(store)


def put_a_folder(store: Path) -> None:
    store.unlink()
    store.mkdir()


def remove(file: Path) -> None:
    if file.is_dir():
        file.rmdir()
    file.unlink(missing_ok=True)


def keep_aside(store: Path) -> Path:
    """A second name for the file."""
    aside = beside(store, ".aside")
    aside.hardlink_to(store)
    return aside


def put(file: Path, place: Path) -> None:
    file.rename(place)


def truncate(store: Path) -> None:
    store.write_bytes(b"")


def rename_its_folder(store: Path) -> None:
    store.parent.rename(store.parent.with_name("elsewhere"))


HARMS = [put_a_backup, put_a_stranger, put_a_folder, truncate, rename_its_folder, remove]


@pytest.fixture
async def store(closed_house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an open house, in a folder of its own. The bridge knows of the token that was issued since."""
    monkeypatch.setattr("presslight.cloud.upkeep.UPKEEP_S", 0.1)  # more often, and a busy disk holds up the broker
    folder = made(closed_house.folder / "state")
    await closed_house.open(store=folder / "presses.db")
    database = closed_house.bridge.store._database
    assert isinstance(database, Sqlite)
    await closed_house.until(lambda: database._seen == database._data_version())
    return folder / "presses.db"


async def pressed(house: House) -> tuple[FakeLight, RawPhone]:
    """A light, and a phone whose first press it has done."""
    light = await house.light()
    phone = await house.phone()
    await phone.sees("kitchen", online=True)
    await house.until(lambda: house.bridge.presses.broker and house.is_online())  # a busy machine may have lost both
    await phone.press(1)
    assert (await phone.until("outcome", final=True))["status"] == "applied"
    return light, phone


async def is_refused(house: House, phone: RawPhone, number: int) -> None:
    """No way in or through: not for a socket that is open, nor for one who signs in now."""
    await phone.press(number)
    error = await phone.until("error")
    assert (error["code"], error["key"], error["retry"]) == ("store_unavailable", key(number), True)
    answer = await house.http.post(PRESS, headers={"Idempotency-Key": "any-key-of-ours"}, json={"state": "ON"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert (await house.http.get("/api/lights")).status_code == 503


async def acts_again(house: House, phone: RawPhone, number: int) -> None:
    counts = house.bridge.counts
    await house.until(lambda: counts.store_troubles > 0 and counts.store_is_good)
    await house.until(lambda: house.bridge.presses.broker and house.is_online())  # a busy machine may have lost both
    await phone.press(number)
    assert (await phone.until("outcome", key=key(number), final=True))["status"] in ("applied", "superseded")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log's lines that name the store's file."""
    errors = [str(getattr(record, "error", "")) for record in caplog.records]
    return [error for error in errors if "presses.db" in error]


async def run(*verb: str) -> bytes:
    """As somebody does it in a shell; answers what it prints."""
    process = await forked.start(*verb, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said


async def revoke(store: Path) -> None:
    assert await run("token", "--revoke", "--phone", "ann", "--store", str(store)) == b"1 revoked\n"


@pytest.mark.parametrize("harm", HARMS)
async def test_store_that_is_not_the_one_opened_takes_no_press(
    house: House, store: Path, harm: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    light, phone = await pressed(house)
    with caplog.at_level(logging.WARNING):
        harm(store)
        await is_refused(house, phone, 2)
        await house.until(lambda: bool(told(caplog)))
    assert await house.metric("presslight_troubles_total", kind="store") >= 1
    await light.press_button("OFF")
    await phone.sees(state="OFF")  # shown as ever
    assert [acted for acted, _, _ in light.model.acted] == [key(1)]


@pytest.mark.parametrize("harm", [put_a_backup, put_a_stranger, remove])
async def test_lasting_trouble_is_told_in_few_lines_and_seen_in_a_figure(
    house: House, store: Path, harm: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    assert await house.metric("presslight_store_up") == 1
    with caplog.at_level(logging.WARNING):
        harm(store)
        await house.until(lambda: house.bridge.counts.store_troubles >= 30)
    assert await house.metric("presslight_store_up") == 0
    assert await house.metric("presslight_troubles_total", kind="store") >= 30
    assert 1 <= len(told(caplog)) <= 3  # the 1st time, the 10th, the 100th


async def test_token_that_was_revoked_in_the_file_now_there_does_not_press(house: House, store: Path) -> None:
    light, phone = await pressed(house)
    put_a_backup(store)
    await revoke(store)
    await is_refused(house, phone, 2)
    assert len(light.model.acted) == 1


@pytest.mark.parametrize("harm", [put_a_backup, put_a_stranger, remove, put_a_folder])
async def test_store_that_comes_back_is_taken_up_by_itself(
    house: House, store: Path, harm: Callable[[Path], object]
) -> None:
    light, phone = await pressed(house)
    aside = keep_aside(store)
    harm(store)
    await is_refused(house, phone, 2)
    await house.until(lambda: not house.bridge.counts.store_is_good)
    remove(store)
    put(aside, store)
    await acts_again(house, phone, 2)
    assert len(light.model.acted) == 2


async def test_store_that_comes_back_after_others_used_the_one_in_its_place(house: House, store: Path) -> None:
    light, phone = await pressed(house)
    aside = keep_aside(store)
    put_a_backup(store)
    await house.until(lambda: not house.bridge.counts.store_is_good)
    await revoke(store)
    await is_refused(house, phone, 2)
    put(aside, store)
    await acts_again(house, phone, 2)
    assert len(light.model.acted) == 2
    await phone.press(1)  # the key of before is known
    assert (await phone.until("outcome", key=key(1)))["status"] == "applied"
    assert len(light.model.acted) == 2


async def test_store_that_comes_back_is_opened_beside_the_loop(
    house: House, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, phone = await pressed(house)
    threads = []
    opened = Sqlite.open

    def noted(database: Sqlite) -> None:
        threads.append(threading.current_thread())
        opened(database)

    monkeypatch.setattr(Sqlite, "open", noted)
    remove(beside(store, "-wal"))
    await acts_again(house, phone, 2)
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("failing", ["connect", "Sqlite._sync_files"])
async def test_store_that_comes_back_and_cannot_be_opened_is_tried_again(
    house: House, store: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    light, phone = await pressed(house)
    others = []

    def fail(*_: object) -> None:
        other = sqlite3.connect(
            store, check_same_thread=False
        )  # somebody else has it open: its log stays when we close ours
        other.execute("SELECT * FROM tokens").fetchall()
        others.append(other)
        raise StoreNotOpened("no room") if failing == "connect" else OSError(28, "no room")

    with monkeypatch.context() as patched:
        patched.setattr(f"presslight.cloud.store.sqlite.{failing}", fail)
        remove(beside(store, "-wal"))
        await house.until(lambda: len(others) >= 1)
        await is_refused(house, phone, 2)
    await acts_again(house, phone, 2)
    assert len(light.model.acted) == 2
    for other in others:
        other.close()


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
async def test_log_of_changes_that_is_removed_costs_nothing(
    house: House, store: Path, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    light, phone = await pressed(house)
    remove(beside(store, ending))
    await phone.press(2)
    assert (await phone.until("error"))["code"] == "store_unavailable"
    await acts_again(house, phone, 2)
    assert len(told(caplog)) == 1
    await phone.press(1)
    assert (await phone.until("outcome", key=key(1)))["status"] == "applied"
    assert len(light.model.acted) == 2
    await run("token", "--phone", "bob", "--store", str(store))
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT phone FROM tokens ORDER BY phone").fetchall() == [("ann",), ("bob",)]


async def test_press_that_was_open_gets_its_last_word_and_the_store_has_it_later(house: House, store: Path) -> None:
    light, phone = await pressed(house)
    light.deaf = True
    await phone.press(2)
    assert (await phone.until("outcome", key=key(2)))["status"] == "accepted"
    aside = keep_aside(store)
    remove(store)
    await house.until(lambda: not house.bridge.counts.store_is_good)
    light.deaf = False
    status = (await phone.until("outcome", key=key(2), final=True))["status"]
    put(aside, store)
    await acts_again(house, phone, 3)

    def written() -> bool:
        with closing(sqlite3.connect(store)) as db:
            return db.execute("SELECT word FROM presses WHERE key = ?", (key(2),)).fetchall() == [(status,)]

    await house.until(written)


async def test_log_that_another_program_moved_into_the_file_is_no_trouble(house: House, store: Path) -> None:
    light, phone = await pressed(house)

    def move() -> None:
        with closing(sqlite3.connect(store)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    await asyncio.to_thread(move)  # a slow disk would stop the house's loop, whose broker then counts as lost
    await phone.press(2)
    assert (await phone.until("outcome", key=key(2), final=True))["status"] == "applied"
    assert len(light.model.acted) == 2


async def test_bridge_that_ends_meanwhile_takes_nothing_away_of_the_store_in_its_place(
    house: House, store: Path
) -> None:
    await pressed(house)
    put_a_stranger(store)
    token = issue_token(store, "bob")
    await house.server.__aexit__(None, None, None)
    await house.open(store=store)
    await house.phone(token)
