import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.store.stored_press import as_text, closed, record_of, row_of
from presslight.contract.words import Reason, Word
from tests.cloud.shelf import applied, record

ROW_ID = 7
COLUMNS = 11


@pytest.mark.parametrize(
    "stored", [record(), applied(record()), record()._replace(word=Word.OFFLINE, reason=Reason.BROKER_AWAY)]
)
def test_press_is_read_as_it_was_written(stored: Any) -> None:
    assert record_of((*row_of(stored), ROW_ID)) == stored


anything = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20) | st.binary(max_size=20) | st.floats()


@given(st.integers(0, COLUMNS - 1), anything)
def test_any_row_is_a_press_or_can_be_closed_and_kept(column: int, value: object) -> None:
    row = [*row_of(applied(record())), ROW_ID]
    row[column] = value
    try:
        record_of(tuple(row))
    except (ValueError, TypeError, LookupError):
        statement, values = closed(tuple(row))
        assert statement.count("?") == len(values)
        assert values[-1] == ROW_ID
        assert json.loads(as_text(tuple(row)))[-1] == ROW_ID


@pytest.mark.parametrize("version", ["[Infinity, 1]", "[" * 20_000, "[1]", "7", "{}"])
def test_row_whose_version_is_none_is_no_press(version: str) -> None:
    row = [*row_of(record()), ROW_ID]
    row[9] = version
    with pytest.raises(ValueError, match="validation error"):
        record_of(tuple(row))


def test_closed_row_is_a_press_again_whose_outcome_is_not_known() -> None:
    row = (*row_of(record())[:5], "no boot", -1, "nonsense", "nonsense", "{", "{", ROW_ID)
    _, (light, phone, payload, message, boot, word, _) = closed(row)
    read = record_of((row[0], light, phone, payload, message, boot, 0, word, None, None, None, ROW_ID))
    assert read == record()._replace(boot="00000000", up=0, word=Word.FORGOTTEN)


def test_row_whose_key_is_none_goes() -> None:
    statement, values = closed(("no key", *row_of(record())[1:], ROW_ID))
    assert statement.startswith("DELETE")
    assert values == (ROW_ID,)
