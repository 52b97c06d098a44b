import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.core.record import Record
from presslight.cloud.store.stored_press import as_text, closed_press, closing_statement, new_press, record_of
from presslight.contract.words import PressStatus, Reason
from tests.cloud.store_harness import applied, record

ROW_ID = 7
COLUMNS = ("key", "light", "phone", "payload", "message", "boot", "up", "word", "reason", "version", "legs")


def row_of(stored: Record, **others: object) -> dict[str, object]:
    """The row of a press as it is read, but for these columns."""
    return new_press(stored, 0)._asdict() | {"id": ROW_ID} | others


@pytest.mark.parametrize(
    "stored", [record(), applied(record()), record()._replace(status=PressStatus.OFFLINE, reason=Reason.BROKER_AWAY)]
)
def test_press_is_read_as_it_was_written(stored: Record) -> None:
    assert record_of(row_of(stored)) == stored


def test_last_word_is_written_over_the_first() -> None:
    assert record_of(row_of(record()) | closed_press(applied(record()), 0)._asdict()) == applied(record())


anything = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20) | st.binary(max_size=20) | st.floats()


@given(st.sampled_from(COLUMNS), anything)
def test_any_row_is_a_press_or_can_be_closed_and_kept(column: str, value: object) -> None:
    row = row_of(applied(record()), **{column: value})
    try:
        record_of(row)
    except (ValueError, TypeError, LookupError):
        statement, values = closing_statement(row)
        assert statement.count("?") == len(values)
        assert values[-1] == ROW_ID
        assert json.loads(as_text(row))["id"] == ROW_ID


@pytest.mark.parametrize("version", ["[Infinity, 1]", "[" * 20_000, "[1]", "7", "{}"])
def test_row_whose_version_is_none_is_no_press(version: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        record_of(row_of(record(), version=version))


def test_closed_row_is_a_press_again_whose_outcome_is_not_known() -> None:
    row = row_of(record(), boot="no boot", up=-1, word="nonsense", reason="nonsense", version="{", legs="{")
    _, (light, phone, payload, message, boot, status, _) = closing_statement(row)
    left = {"light": light, "phone": phone, "payload": payload, "message": message, "boot": boot, "word": status}
    emptied = {"up": 0, "reason": None, "version": None, "legs": None}
    assert record_of(row | left | emptied) == record()._replace(boot="00000000", up=0, status=PressStatus.FORGOTTEN)


def test_row_whose_key_is_none_goes() -> None:
    statement, values = closing_statement(row_of(record(), key="no key"))
    assert statement.startswith("DELETE")
    assert values == (ROW_ID,)
