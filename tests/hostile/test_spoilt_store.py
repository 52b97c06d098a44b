"""One thing that cannot be read in the store costs that thing alone: it is set aside, named, and the rest goes on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from presslight.cloud.errors import DuplicateKey
from presslight.cloud.store.database import Address
from presslight.cloud.store.forgetting import Answer
from presslight.cloud.store.store import PRUNED_AT_ONCE
from presslight.contract.words import PressStatus
from tests.cloud.conftest import House
from tests.cloud.ports import key
from tests.cloud.store_harness import StoreHarness, record

SPOILT = [
    ("word", "nonsense"), ("reason", "nonsense"), ("version", "{"), ("version", "[1]"), ("version", "7"),
    ("legs", "{"), ("legs", '{"bridge_us": "x"}'), ("boot", "no boot"), ("up", -1), ("light", "No Light!"),
    ("key", "nonsense"),
]  # fmt: skip


@pytest.fixture
def tested(address: Address) -> Iterator[StoreHarness]:
    made = StoreHarness(address)
    yield made
    made.store.shut()


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_press_that_cannot_be_read_is_set_aside_and_its_key_acts_no_more(
    tested: StoreHarness, column: str, value: object
) -> None:
    for number in (1, 2):
        tested.store.admit(record(number))
    tested.sql(f"UPDATE presses SET {column} = ? WHERE key = ?", value, key(1))
    again = tested.another()
    assert again.open_presses() == [record(2)]
    if column != "key":
        with pytest.raises(DuplicateKey) as known:
            again.admit(record(1))
        assert known.value.record.status is PressStatus.FORGOTTEN
    assert again.open_presses() == [record(2)]
    again.shut()
    assert [json.loads(str(kept))[column] == value for (kept,) in tested.sql("SELECT kept FROM spoilt")] == [True]
    (trouble,) = tested.troubles
    assert "set aside" in str(trouble)
    assert "\n" not in str(trouble)


@pytest.mark.parametrize("column", ["light", "phone", "payload", "boot", "word", "reason", "version", "legs"])
def test_text_that_is_no_utf8_is_no_trouble_to_the_rest(tmp_path: Path, column: str) -> None:
    """PostgreSQL keeps no such text."""
    tested = StoreHarness(tmp_path / "presses.db")
    for number in (1, 2):
        tested.store.admit(record(number))
    tested.sql(f"UPDATE presses SET {column} = CAST(X'ff' AS TEXT) WHERE key = ?", key(1))
    again = tested.another()
    assert record(2) in again.open_presses()
    again.find(key(1))
    again.shut()
    tested.store.shut()


def test_request_to_forget_that_cannot_be_read_is_set_aside(tested: StoreHarness) -> None:
    tested.sql(
        "INSERT INTO forgotten (light, asked_at, answer) VALUES ('kitchen', 5, 'nonsense'), ('hall', 6, 'forgotten')"
    )
    assert [(asked.light, asked.answer) for asked in tested.store.to_forget()] == [("hall", Answer.FORGOTTEN)]
    assert [light for (light,) in tested.sql("SELECT light FROM forgotten")] == ["hall"]
    assert len(tested.troubles) == len(tested.sql("SELECT kept FROM spoilt")) == 1


def test_press_under_no_key_at_all_is_pruned(tested: StoreHarness) -> None:
    tested.store.admit(record())
    tested.sql("UPDATE presses SET key = 'nonsense', word = 'applied', asked_at = 0")
    assert tested.store.prune(1, PRUNED_AT_ONCE) == 1


@pytest.mark.parametrize(("column", "value"), SPOILT)
async def test_house_with_a_spoilt_press_starts_and_presses(closed_house: House, column: str, value: object) -> None:
    tested = StoreHarness(closed_house.folder / "presses.db")
    tested.store.admit(record())
    tested.sql(f"UPDATE presses SET {column} = ?", value)
    tested.store.shut()
    await closed_house.open()
    light = await closed_house.light()
    phone = await closed_house.phone()
    await phone.press(2)
    assert (await phone.until("outcome", key=key(2), final=True))["status"] == "applied"
    assert (await closed_house.http.get(f"/api/presses/{key()}")).status_code in (200, 404)
    assert await closed_house.metric("presslight_troubles_total", kind="defect") == 0
    assert [acted for acted, _, _ in light.model.acted] == [key(2)]
    assert await closed_house.metric("presslight_troubles_total", kind="store") == 1


async def test_press_that_is_spoilt_meanwhile_is_answered(house: House) -> None:
    light = await house.light()
    phone = await house.phone()
    await phone.press(1)
    assert (await phone.until("outcome", final=True))["status"] == "applied"
    store = StoreHarness(house.folder / "presses.db")
    await house.until(lambda: store.sql("SELECT word FROM presses") == [("applied",)])
    store.sql("UPDATE presses SET version = 'nonsense', legs = 'nonsense'")
    store.store.shut()
    assert (await house.http.get(f"/api/presses/{key()}")).json()["status"] == "forgotten"
    await phone.press(1)
    assert (await phone.until("outcome"))["status"] == "forgotten"
    assert len(light.model.acted) == 1
    assert await house.metric("presslight_troubles_total", kind="defect") == 0
