"""The store of presses: each is written before it is sent, so a key means one press whatever crashes.

Last words are written FLUSH_S later, many at once: if a crash loses them, the light is asked again. The database is
behind the protocol Database: cloud/store/sqlite.py or cloud/store/postgres.py.
"""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeAlias

from presslight.cloud.core.record import Record
from presslight.cloud.errors import DuplicateKey, Refusal, StoreCorrupted, StoreUnavailable
from presslight.cloud.store.database import Address, Database, Trouble, database_at, patient
from presslight.cloud.store.forgetting import Answer, ForgetRequest, request_of
from presslight.cloud.store.schema import OPEN, Row
from presslight.cloud.store.stored_press import (
    INSERT_SPOILT,
    SELECT_PRESS,
    as_text,
    closed_press,
    closing_statement,
    new_press,
    record_of,
)
from presslight.cloud.store.token_use import TokenUse
from presslight.cloud.store.tokens import hash_of
from presslight.cloud.store.wall_clock import WallClock, unix_ms, unix_s
from presslight.contract.errors import ErrorCode, printable
from presslight.contract.words import split_key

FLUSH_S = 0.05
RETRY_S = 1.0
MOST_UNWRITTEN = 10_000
WRITTEN_AT_ONCE = 500
PRUNED_AT_ONCE = 500
WAITED_FOR_MS = 60_000
"""A request to forget a light that is older (ms) was left by a process that was killed."""

_PRUNE = f"""
DELETE FROM presses WHERE id IN (SELECT id FROM presses WHERE word NOT IN {OPEN} ORDER BY id LIMIT ?)
AND (asked_at < ? OR id <= (SELECT max(id) FROM presses) - ?) RETURNING key
"""  # noqa: S608 -- no value of anybody's is in it
_UNBIND = """
DELETE FROM origins WHERE origin IN ({places}) AND NOT EXISTS (
    SELECT 1 FROM presses WHERE key > origins.origin || '-' AND key < origins.origin || '.')
"""
_FREE = "DELETE FROM texts WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM presses WHERE presses.key = texts.key)"
_TO_FORGET = "SELECT light, asked_at, answer FROM forgotten WHERE answer IS NOT NULL OR asked_at > ? ORDER BY asked_at"
_ANSWER = "UPDATE forgotten SET answer = ? WHERE light = ? AND asked_at = ? AND answer IS NULL"
_EXPIRED = "(SELECT 1 FROM token_times WHERE token_times.hash = tokens.hash AND expires_at <= ?)"
_PHONE = f"SELECT phone FROM tokens WHERE hash = ? AND NOT EXISTS {_EXPIRED}"  # noqa: S608 -- no value of anybody's is in it
_GOOD = f"SELECT hash FROM tokens WHERE hash IN ({{places}}) AND NOT EXISTS {_EXPIRED}"  # noqa: S608 -- as above
_EXPIRES = "SELECT 1 FROM token_times WHERE expires_at > ? AND expires_at <= ? LIMIT 1"
_USED = """
INSERT INTO token_times (hash, used_at) SELECT hash, ? FROM tokens WHERE hash IN ({places})
ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at
"""

OnStored: TypeAlias = Callable[[int, StoreUnavailable | None], None]
"""Called with the time (ns) and None, or with why it is not known whether what was written survives a power cut."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after so many seconds, as asyncio's `loop.call_later`."""


class Store:
    """Presses, origins and tokens at `address`. `trouble` is called with errors; `now`: a monotonic clock (ns)."""

    def __init__(
        self, address: Address, later: Later, trouble: Trouble, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._now = now
        self.address = address
        self._database = database_at(address, trouble)
        self._later = later
        self._trouble = trouble
        self._unwritten: dict[str, Record] = {}
        self._flushing = False
        self._uses = TokenUse()
        self._looked_at = unix_s()
        self._clock = WallClock(now)

    def open(self) -> None:
        """Open the database, and bring its tables to the newest layout. Raises StoreNotOpened."""
        self._database.open()

    # Presses

    def admit(self, record: Record, text: bytes | None = None) -> None:
        """Store a new press, and the SHA-256 of the text that stands for its key.

        Raises DuplicateKey; Refusal: FORBIDDEN, KEY_REUSED for a new text whose key is known; StoreUnavailable.
        """
        press, (origin, _) = new_press(record, unix_ms()), split_key(record.key)
        try:
            if text is None:
                admitted = self._database.admit(origin, press)
            else:
                admitted = self._database.admit_text(origin, press, text)
        except StoreUnavailable as error:
            self._trouble(error)  # a disk may be too full for a press, and for nothing else that is written
            raise
        if not admitted:
            raise self._known(record.key, text)

    def _known(self, key: str, text: bytes | None) -> DuplicateKey | Refusal:
        """The error for a press that was not admitted. A text whose press is gone becomes free."""
        known = self.find(key) if text is None else self.find_text(text)
        if known is not None:
            return DuplicateKey(known)
        if text is not None:
            if self.find(key) is not None:
                return Refusal(ErrorCode.KEY_REUSED)
            self._database.run(_FREE, (text,))
        return StoreUnavailable("the key was forgotten just now")

    def sync(self, then: OnStored) -> None:
        """Call `then`, now or later, once all that was admitted so far survives a power cut."""
        self._database.sync(lambda error: then(self._now(), error))

    def close(self, record: Record) -> None:
        """Take a press's last word, to be written within FLUSH_S. Beyond MOST_UNWRITTEN it is dropped."""
        if len(self._unwritten) < MOST_UNWRITTEN:
            self._unwritten[record.key] = record
        self._flush_in(FLUSH_S)

    def _flush_in(self, seconds: float) -> None:
        if not self._flushing:
            self._flushing = True
            self._later(seconds, self.flush)

    def flush(self) -> None:
        """Write WRITTEN_AT_ONCE of the last words that wait; after an error all wait RETRY_S longer."""
        self._flushing = False
        try:
            self._write_batch(WRITTEN_AT_ONCE)
        except StoreUnavailable as error:
            self._trouble(error)
            self._flush_in(RETRY_S)
        else:
            if self._unwritten:
                self._flush_in(0)

    def _write_batch(self, most: int) -> None:
        records = list(islice(self._unwritten.values(), most))
        now = unix_ms()
        self._database.write_final_statuses([closed_press(record, now) for record in records])
        for record in records:
            del self._unwritten[record.key]

    def find(self, key: str) -> Record | None:
        """Return the stored press, None if there is none. Raises StoreUnavailable."""
        if waiting := self._unwritten.get(key):
            return waiting
        one = f"{SELECT_PRESS} WHERE key = ?"
        found = self._read(self._database, self._database.run(one, (key,)))
        if found == [None]:
            found = self._read(self._database, self._database.run(one, (key,)))
        return next(iter(found), None)

    def find_text(self, text: bytes) -> Record | None:
        """Return the stored press for whose key a text stands, None if there is none. Raises StoreUnavailable."""
        for row in self._database.run("SELECT key FROM texts WHERE digest = ?", (text,)):
            return self.find(str(row["key"]))
        return None

    def open_presses(self) -> list[Record]:
        """Return the presses without a last word, oldest first; may block for seconds. Raises StoreUnavailable."""
        with patient(self.address) as database:
            found = self._read(database, database.run(f"{SELECT_PRESS} WHERE word IN {OPEN} ORDER BY id"))
        return [record for record in found if record is not None]

    def _read(self, database: Database, rows: Iterable[Row]) -> list[Record | None]:
        """The presses in rows, None for each row that cannot be read; such a row is set aside."""
        found: list[Record | None] = []
        for row in rows:
            try:
                found.append(record_of(row))
            except (ValueError, TypeError, LookupError):
                self._set_aside(database, row["key"], row, *closing_statement(row))
                found.append(None)
        return found

    def _set_aside(
        self, database: Database, name: object, row: Row, statement: str, values: tuple[object, ...]
    ) -> None:
        """Copy a row that cannot be read to the table `spoilt`, then run the statement that closes or deletes it."""
        database.run(INSERT_SPOILT, (as_text(row),))
        database.run(statement, values)
        where, what = printable(self.address), printable(name)
        self._trouble(StoreCorrupted(f"{where}: {what} cannot be read and was set aside, in the table spoilt"))

    # Phones

    def phone_of(self, token: str) -> str | None:
        """Return the phone that a token was issued to, None if it is not valid. Raises StoreUnavailable."""
        digest, now = hash_of(token), unix_s()
        for row in self._database.run(_PHONE, (digest, now)):
            self._uses.note_use(digest, now)
            return str(row["phone"])
        return None

    def written_elsewhere(self) -> bool:
        """Return whether another process may have written since the last call: it may have revoked tokens."""
        return self._database.written_elsewhere()

    def has_expired(self) -> bool:
        """Return whether a token has expired since the last call. Raises StoreUnavailable."""
        now = unix_s()
        found = self._database.run(_EXPIRES, (self._looked_at, now))
        self._looked_at = now
        return bool(found)

    def valid_tokens(self, tokens: Iterable[str]) -> set[str]:
        """Return those of these tokens that are valid. Raises StoreUnavailable."""
        tokens_of = {hash_of(token): token for token in tokens}
        good = self._database.run(_GOOD.format(places=_placeholders(len(tokens_of))), (*tokens_of, unix_s()))
        return {tokens_of[bytes(row["hash"])] for row in good}

    def note_uses(self, tokens: Iterable[str]) -> None:
        """Note that these tokens are in use; `write_uses` writes it."""
        now = unix_s()
        for token in tokens:
            self._uses.note_use(hash_of(token), now)

    def write_uses(self) -> None:
        """Write the last use of WRITTEN_AT_ONCE tokens. Raises StoreUnavailable."""
        if due := self._uses.due(WRITTEN_AT_ONCE):
            now = unix_s()
            self._database.run(_USED.format(places=_placeholders(len(due))), (now, *due))
            self._uses.on_written(due, now)

    # Lights

    def to_forget(self) -> list[ForgetRequest]:
        """Return requests to forget a light that are done, or that somebody waits for. Raises StoreUnavailable."""
        rows = self._database.run(_TO_FORGET, (unix_ms() - WAITED_FOR_MS,))
        found = []
        for row in rows:
            try:
                found.append(request_of(row))
            except ValueError:
                light = row["light"]
                self._set_aside(self._database, light, row, "DELETE FROM forgotten WHERE light = ?", (light,))
        return found

    def asked_to_forget(self, light: str) -> int | None:
        """Return when (Unix ms) the newest request to forget a light was made, None: never. Raises StoreUnavailable."""
        for row in self._database.run("SELECT asked_at FROM forgotten WHERE light = ?", (light,)):
            return int(row["asked_at"])
        return None

    def answer_request(self, asked: ForgetRequest, answer: Answer) -> None:
        """Answer a request; the first answer stays. Raises StoreUnavailable."""
        self._database.run(_ANSWER, (answer.value, asked.light, asked.asked_at))

    # Upkeep

    async def maintain(self) -> None:
        """Maintain the database; call it once a second. Raises StoreUnavailable."""
        await self._database.maintain()

    def prune(self, keep_s: float, keep_presses: int) -> int:
        """Delete up to PRUNED_AT_ONCE closed presses older than `keep_s` or beyond `keep_presses`; return how many.

        An origin goes with its last press. A press without a deadline of its own acts a second time if its key is gone:
        a wall clock that is corrected by days must not age one that was asked just now. Raises StoreUnavailable.
        """
        old = self._clock.without_jump_ms() - int(keep_s * 1000)
        gone = self._database.run(_PRUNE, (PRUNED_AT_ONCE, old, keep_presses))
        origins = {_origin(row["key"]) for row in gone}
        if origins:
            self._database.run(_UNBIND.format(places=_placeholders(len(origins))), tuple(origins))
        return len(gone)

    def shut(self) -> None:
        """Write the last words that wait, and close the database."""
        try:
            while self._unwritten:
                self._write_batch(WRITTEN_AT_ONCE)
        except StoreUnavailable as error:
            self._trouble(error)
        self._database.close()


def _origin(key: str) -> str:
    """The text before the first `-`, also where the key is no key."""
    origin, _, _ = key.partition("-")
    return origin


def _placeholders(count: int) -> str:
    return ", ".join("?" * count)
