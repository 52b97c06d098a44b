"""The store of presses: each is written before it is sent, so a key means one press whatever crashes.

Last words are written some milliseconds later, many at once: should a crash lose them, the light is asked again. Which
database it is makes no difference here; cloud/store/sqlite.py and cloud/store/postgres.py are the two there are.
"""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeAlias

from presslight.cloud.core.record import Record
from presslight.cloud.errors import DuplicateKey, Refusal, StoreCorrupted, StoreUnavailable
from presslight.cloud.store.database import Address, Database, Trouble, database_at, patient
from presslight.cloud.store.forgetting import Answer, Asked, asked_of
from presslight.cloud.store.schema import OPEN, Row
from presslight.cloud.store.stored_press import KEEP, READ, as_text, closed, closed_press, new_press, record_of
from presslight.cloud.store.token_use import TokenUse
from presslight.cloud.store.tokens import hash_of
from presslight.contract.errors import ErrorCode, printable
from presslight.contract.words import split_key

FLUSH_S = 0.05
RETRY_S = 1.0
MOST_UNWRITTEN = 10_000
WRITTEN_AT_ONCE = 500
PRUNED_AT_ONCE = 500
SET_RIGHT_MS = 60_000
"""A wall clock that is set right by less than this has not jumped."""
WAITED_FOR_MS = 60_000
"""Nobody waits longer for a light to be forgotten: who asked was killed before it could take that back."""

_PRUNE = f"""
DELETE FROM presses WHERE id IN (SELECT id FROM presses WHERE word NOT IN {OPEN} ORDER BY id LIMIT ?)
AND (asked_at < ? OR id <= (SELECT max(id) FROM presses) - ?) RETURNING key
"""  # noqa: S608 -- no value of anybody's is in it
_UNBIND = """
DELETE FROM origins WHERE origin IN ({marks}) AND NOT EXISTS (
    SELECT 1 FROM presses WHERE key > origins.origin || '-' AND key < origins.origin || '.')
"""
_FREE = "DELETE FROM texts WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM presses WHERE presses.key = texts.key)"
_TO_FORGET = "SELECT light, asked_at, answer FROM forgotten WHERE answer IS NOT NULL OR asked_at > ? ORDER BY asked_at"
_ANSWER = "UPDATE forgotten SET answer = ? WHERE light = ? AND asked_at = ? AND answer IS NULL"
_EXPIRED = "(SELECT 1 FROM token_times WHERE token_times.hash = tokens.hash AND expires_at <= ?)"
_PHONE = f"SELECT phone FROM tokens WHERE hash = ? AND NOT EXISTS {_EXPIRED}"  # noqa: S608 -- no value of anybody's is in it
_GOOD = f"SELECT hash FROM tokens WHERE hash IN ({{marks}}) AND NOT EXISTS {_EXPIRED}"  # noqa: S608 -- as above
_EXPIRES = "SELECT 1 FROM token_times WHERE expires_at > ? AND expires_at <= ? LIMIT 1"
_USED = """
INSERT INTO token_times (hash, used_at) SELECT hash, ? FROM tokens WHERE hash IN ({marks})
ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at
"""

Then: TypeAlias = Callable[[int, StoreUnavailable | None], None]
"""Hears the time (ns), and why nobody can know that what was written survives a power cut."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls something in so many seconds, like a loop's `call_later`."""


class Store:
    """Presses, origins and tokens at `address`. `trouble` hears what went wrong with a press or a last word."""

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
        self._looked_at = _unix_s()
        self._began = (_unix_ms(), now())

    def open(self) -> None:
        """Open it, and make it if it is not there. Raises StoreUnavailable."""
        self._database.open()

    # Presses

    def admit(self, record: Record, text: bytes | None = None) -> None:
        """Store a new press, and the digest of the text that stands for its key.

        Raises DuplicateKey; Refusal: FORBIDDEN, KEY_REUSED for a new text whose key is known; StoreUnavailable.
        """
        press, (origin, _) = new_press(record, _unix_ms()), split_key(record.key)
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
        """Why a press was not admitted. A text whose press is gone is free again."""
        known = self.find(key) if text is None else self.find_text(text)
        if known is not None:
            return DuplicateKey(known)
        if text is not None:
            if self.find(key) is not None:
                return Refusal(ErrorCode.KEY_REUSED)
            self._database.run(_FREE, (text,))
        return StoreUnavailable("the key was forgotten just now")

    def sync(self, then: Then) -> None:
        """Have `then` called with the time, now or later, once all that was admitted so far survives a power cut."""
        self._database.sync(lambda error: then(self._now(), error))

    def close(self, record: Record) -> None:
        """Keep a last word, to be written soon."""
        if len(self._unwritten) < MOST_UNWRITTEN:
            self._unwritten[record.key] = record
        self._flush_in(FLUSH_S)

    def _flush_in(self, seconds: float) -> None:
        if not self._flushing:
            self._flushing = True
            self._later(seconds, self.flush)

    def flush(self) -> None:
        """Write last words that wait, a part at a time. What cannot be written now waits on."""
        self._flushing = False
        try:
            self._write(WRITTEN_AT_ONCE)
        except StoreUnavailable as error:
            self._trouble(error)
            self._flush_in(RETRY_S)
        else:
            if self._unwritten:
                self._flush_in(0)

    def _write(self, most: int) -> None:
        records = list(islice(self._unwritten.values(), most))
        now = _unix_ms()
        self._database.settle([closed_press(record, now) for record in records])
        for record in records:
            del self._unwritten[record.key]

    def find(self, key: str) -> Record | None:
        """What is stored of a press. Raises StoreUnavailable."""
        if waiting := self._unwritten.get(key):
            return waiting
        one = f"{READ} WHERE key = ?"
        found = self._read(self._database, self._database.run(one, (key,)))
        if found == [None]:
            found = self._read(self._database, self._database.run(one, (key,)))
        return next(iter(found), None)

    def find_text(self, text: bytes) -> Record | None:
        """What is stored of the press for whose key a text stands. Raises StoreUnavailable."""
        for row in self._database.run("SELECT key FROM texts WHERE digest = ?", (text,)):
            return self.find(str(row["key"]))
        return None

    def open_presses(self) -> list[Record]:
        """The presses without a last word, oldest first. It may take a while. Raises StoreUnavailable."""
        with patient(self.address) as database:
            found = self._read(database, database.run(f"{READ} WHERE word IN {OPEN} ORDER BY id"))
        return [record for record in found if record is not None]

    def _read(self, database: Database, rows: Iterable[Row]) -> list[Record | None]:
        """The presses that rows are; what is none is set aside, and None."""
        found: list[Record | None] = []
        for row in rows:
            try:
                found.append(record_of(row))
            except (ValueError, TypeError, LookupError):
                self._set_aside(database, row["key"], row, *closed(row))
                found.append(None)
        return found

    def _set_aside(
        self, database: Database, name: object, row: Row, statement: str, values: tuple[object, ...]
    ) -> None:
        """Keep a row that cannot be read in a table for such, and do this to where it was."""
        database.run(KEEP, (as_text(row),))
        database.run(statement, values)
        where, what = printable(self.address), printable(name)
        self._trouble(StoreCorrupted(f"{where}: {what} cannot be read and was set aside, in the table spoilt"))

    # Phones

    def phone_of(self, token: str) -> str | None:
        """The phone that a token was issued to, None if it is not good. Raises StoreUnavailable."""
        digest, now = hash_of(token), _unix_s()
        for row in self._database.run(_PHONE, (digest, now)):
            self._uses.note(digest, now)
            return str(row["phone"])
        return None

    def touched(self) -> bool:
        """Whether somebody else may have written since this was last asked: tokens may have been revoked."""
        return self._database.changed()

    def has_expired(self) -> bool:
        """Whether a token has expired since this was last asked. Raises StoreUnavailable."""
        now = _unix_s()
        found = self._database.run(_EXPIRES, (self._looked_at, now))
        self._looked_at = now
        return bool(found)

    def good(self, tokens: Iterable[str]) -> set[str]:
        """Those of these tokens that are good. Raises StoreUnavailable."""
        tokens_of = {hash_of(token): token for token in tokens}
        good = self._database.run(_GOOD.format(marks=_marks(len(tokens_of))), (*tokens_of, _unix_s()))
        return {tokens_of[bytes(row["hash"])] for row in good}

    def note_uses(self, tokens: Iterable[str]) -> None:
        """These tokens are in use, to be written soon."""
        now = _unix_s()
        for token in tokens:
            self._uses.note(hash_of(token), now)

    def write_uses(self) -> None:
        """Write which tokens were used, a part at a time. Raises StoreUnavailable."""
        if due := self._uses.due(WRITTEN_AT_ONCE):
            now = _unix_s()
            self._database.run(_USED.format(marks=_marks(len(due))), (now, *due))
            self._uses.on_written(due, now)

    # Lights

    def to_forget(self) -> list[Asked]:
        """The lights that were forgotten, or are to be and somebody waits for it. Raises StoreUnavailable."""
        rows = self._database.run(_TO_FORGET, (_unix_ms() - WAITED_FOR_MS,))
        found = []
        for row in rows:
            try:
                found.append(asked_of(row))
            except ValueError:
                light = row["light"]
                self._set_aside(self._database, light, row, "DELETE FROM forgotten WHERE light = ?", (light,))
        return found

    def asked_to_forget(self, light: str) -> int | None:
        """When (Unix ms) a light was last asked to be forgotten. Raises StoreUnavailable."""
        for row in self._database.run("SELECT asked_at FROM forgotten WHERE light = ?", (light,)):
            return int(row["asked_at"])
        return None

    def answer(self, asked: Asked, answer: Answer) -> None:
        """Say what came of it; the first answer stays. Raises StoreUnavailable."""
        self._database.run(_ANSWER, (answer.value, asked.light, asked.asked_at))

    # Upkeep

    async def tend(self) -> None:
        """Do what the database wants done once a second. Raises StoreUnavailable."""
        await self._database.tend()

    def prune(self, keep_s: float, keep_presses: int) -> int:
        """Forget some of the presses that are too old or too many and have a last word; answers how many went.

        An origin goes with its last press. A press without a deadline of its own acts a second time if its key is gone:
        a wall clock that is set right by days must not make one old that was asked just now. Raises StoreUnavailable.
        """
        old = self._settled_ms() - int(keep_s * 1000)
        gone = self._database.run(_PRUNE, (PRUNED_AT_ONCE, old, keep_presses))
        origins = {_origin(row["key"]) for row in gone}
        if origins:
            self._database.run(_UNBIND.format(marks=_marks(len(origins))), tuple(origins))
        return len(gone)

    def _settled_ms(self) -> int:
        """The Unix time; but where the wall clock jumped ahead since the start, what it would be without that."""
        wall, since, steady = _unix_ms(), *self._began
        return min(wall, since + (self._now() - steady) // 1_000_000 + SET_RIGHT_MS)

    def shut(self) -> None:
        """Write what waits and close."""
        try:
            while self._unwritten:
                self._write(WRITTEN_AT_ONCE)
        except StoreUnavailable as error:
            self._trouble(error)
        self._database.shut()


def _origin(key: str) -> str:
    """The origin of a key, also of one that is none."""
    origin, _, _ = key.partition("-")
    return origin


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _unix_s() -> int:
    return int(time.time())


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
