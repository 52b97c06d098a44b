"""A press as a row of the store, and what becomes of a row that cannot be read."""

import json
from typing import Any

from pydantic import TypeAdapter

from presslight.cloud.core.record import Record
from presslight.contract.phone import Legs
from presslight.contract.words import Key, LightId, Moment, Reason, Word

READ = "SELECT key, light, phone, payload, message, boot, up, word, reason, version, legs, id FROM presses"
"""Rows that `record_of` and `Unreadable` take."""

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_LIGHT: TypeAdapter[str] = TypeAdapter(LightId)
_VERSION: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[int, int])

KEEP = "INSERT INTO spoilt (kept) VALUES (?)"
_CLOSE = """
UPDATE presses SET light = ?, phone = ?, payload = ?, message = ?, boot = ?, up = 0,
    word = ?, reason = NULL, version = NULL, legs = NULL WHERE id = ?
"""
_DROP = "DELETE FROM presses WHERE id = ?"
_NO_LIGHT, _NO_BOOT = "spoilt", "00000000"


def row_of(record: Record) -> tuple[Any, ...]:
    """What is stored of a press, but for when."""
    *same, word, reason, version, legs = record
    return (
        *same,
        word.value,
        reason.value if reason else None,
        json.dumps(version) if version else None,
        legs.model_dump_json() if legs else None,
    )


def record_of(row: tuple[Any, ...]) -> Record:
    """The press that a row is. Raises ValueError, TypeError or LookupError where it is none."""
    key, light, phone, payload, message, boot, up, word, reason, version, legs, _id = row
    record = Record(
        key,
        light,
        phone,
        payload,
        message,
        boot,
        up,
        Word(word),
        Reason(reason) if reason else None,
        _VERSION.validate_json(version) if version else None,
        Legs.model_validate_json(legs) if legs else None,
    )
    _KEY.validate_python(record.key)
    _LIGHT.validate_python(record.light)
    Moment(boot=record.boot, up=record.up)
    return record


def closed(row: tuple[Any, ...]) -> tuple[str, tuple[object, ...]]:
    """The statement that closes an unreadable press for good: what came of it is not known, and its key acts no more.

    Nobody can ask for one whose key is none, so that one goes.
    """
    key, light, phone, payload, message, *_, row_id = row
    if not _is(_KEY, key):
        return _DROP, (row_id,)
    light = light if _is(_LIGHT, light) else _NO_LIGHT
    return _CLOSE, (light, phone, payload, message, _NO_BOOT, Word.FORGOTTEN.value, row_id)


def as_text(row: tuple[Any, ...]) -> str:
    """A row as it was found, for people."""
    return json.dumps([column.hex() if isinstance(column, bytes) else column for column in row])


def _is(kind: TypeAdapter[str], text: object) -> bool:
    try:
        kind.validate_python(text)
    except ValueError:
        return False
    return True
