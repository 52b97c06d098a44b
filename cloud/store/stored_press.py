"""A press as a row of the store, and the statements that close or drop a row that cannot be read. Pure."""

import json

from pydantic import TypeAdapter

from presslight.cloud.core.record import Record
from presslight.cloud.store.schema import ClosedPress, NewPress, Row
from presslight.contract.phone import Legs
from presslight.contract.words import Key, LightId, Moment, PressStatus, Reason

SELECT_PRESS = "SELECT key, light, phone, payload, message, boot, up, word, reason, version, legs, id FROM presses"
"""Selects the columns that `record_of` and `closing_statement` read."""

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_LIGHT: TypeAdapter[str] = TypeAdapter(LightId)
_VERSION: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[int, int])

INSERT_SPOILT = "INSERT INTO spoilt (kept) VALUES (?)"
_CLOSE = """
UPDATE presses SET light = ?, phone = ?, payload = ?, message = ?, boot = ?, up = 0,
    word = ?, reason = NULL, version = NULL, legs = NULL WHERE id = ?
"""
_DROP = "DELETE FROM presses WHERE id = ?"
_NO_LIGHT, _NO_BOOT = "spoilt", "00000000"


def new_press(record: Record, asked_at: int) -> NewPress:
    """The row that a press is stored as at first. `asked_at`: Unix ms."""
    return NewPress(
        record.key,
        record.light,
        record.phone,
        record.payload,
        record.message,
        record.boot,
        record.up,
        *_outcome(record),
        asked_at,
    )


def closed_press(record: Record, closed_at: int) -> ClosedPress:
    """The columns of a press's last word. `closed_at`: Unix ms."""
    return ClosedPress(*_outcome(record), closed_at, record.key)


def _outcome(record: Record) -> tuple[str, str | None, str | None, str | None]:
    """The columns `word` (its status), `reason`, `version` and `legs`."""
    return (
        record.status.value,
        record.reason.value if record.reason else None,
        json.dumps(record.version) if record.version else None,
        record.legs.model_dump_json() if record.legs else None,
    )


def record_of(row: Row) -> Record:
    """The press in a row. Raises ValueError, TypeError or LookupError where the row cannot be read."""
    reason, version, legs = row["reason"], row["version"], row["legs"]
    record = Record(
        row["key"],
        row["light"],
        row["phone"],
        row["payload"],
        row["message"],
        row["boot"],
        row["up"],
        PressStatus(row["word"]),
        Reason(reason) if reason else None,
        _VERSION.validate_json(version) if version else None,
        Legs.model_validate_json(legs) if legs else None,
    )
    _KEY.validate_python(record.key)
    _LIGHT.validate_python(record.light)
    Moment(boot=record.boot, up=record.up)
    return record


def closing_statement(row: Row) -> tuple[str, tuple[object, ...]]:
    """A statement and its values, which close an unreadable press as `forgotten`, so that its key never acts again.

    A row whose key is no key is deleted: no phone can ask for it.
    """
    if not _is(_KEY, row["key"]):
        return _DROP, (row["id"],)
    light = row["light"] if _is(_LIGHT, row["light"]) else _NO_LIGHT
    status = PressStatus.FORGOTTEN.value
    return _CLOSE, (light, row["phone"], row["payload"], row["message"], _NO_BOOT, status, row["id"])


def as_text(row: Row) -> str:
    """A row as it was found, for people: a JSON object, bytes in hex."""
    found = {name: row[name] for name in row.keys()}  # noqa: SIM118 -- sqlite3's rows are iterated by value
    return json.dumps({name: value.hex() if isinstance(value, bytes) else value for name, value in found.items()})


def _is(kind: TypeAdapter[str], text: object) -> bool:
    try:
        kind.validate_python(text)
    except ValueError:
        return False
    return True
