"""The database that all bridges share, and each bridge's store, where last words wait to be written."""

from collections.abc import Callable

from presslight.cloud.core.record import Record
from presslight.cloud.errors import DuplicateKey, Refusal, StoreUnavailable
from presslight.contract.errors import ErrorCode
from presslight.contract.words import split_key
from tests.world.event_queue import MS, Entry

FLUSH = 50 * MS


class FakeDatabase:
    """What outlives every crash: presses by key, origins by owner, the lights that were forgotten.

    A power cut of the machine takes the presses back that are not on its disk yet: `unsynced`.
    """

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.owners: dict[str, str] = {}
        self.texts: dict[bytes, str] = {}
        self.unsynced: set[str] = set()
        self.cut_at: int | None = None
        self.forgotten: dict[str, None] = {}
        self.named: Callable[[bytes, Record], None] = lambda _text, _record: None
        """Hears which press a text stands for."""

    def cut_power(self, now: int) -> None:
        """Lose what is not on the disk."""
        self.cut_at = now
        for key in self.unsynced:
            del self.records[key]
        self.texts = {text: key for text, key in self.texts.items() if key in self.records}
        self.unsynced.clear()


class FakePressStore:
    """One bridge's store on the database: `PressStore` of cloud/core/ports.py. A crash loses what still waits.

    `later`: has the bridge do something so many ns later.
    """

    def __init__(self, database: FakeDatabase, later: Callable[[int, Callable[[], None]], Entry]) -> None:
        self._database = database
        self._later = later
        self._unwritten: dict[str, Record] = {}
        self._flush: Entry | None = None

    def admit(self, record: Record, text: bytes | None = None) -> None:
        """See the port."""
        if self._database.owners.setdefault(split_key(record.key)[0], record.phone) != record.phone:
            raise Refusal(ErrorCode.FORBIDDEN)
        known = self.find(record.key) if text is None else self.find_text(text)
        if known is not None:
            raise DuplicateKey(known)
        if text is not None and self.find(record.key) is not None:
            raise Refusal(ErrorCode.KEY_REUSED)
        self._database.records[record.key] = record
        self._database.unsynced.add(record.key)
        if text is not None:
            self._database.texts[text] = record.key
            self._database.named(text, record)

    def sync(self, then: Callable[[StoreUnavailable | None], None]) -> None:
        """See the port; here all is on the disk at once."""
        self._database.unsynced.clear()
        then(None)

    def close(self, record: Record) -> None:
        """See the port."""
        self._unwritten[record.key] = record
        if self._flush is None:
            self._flush = self._later(FLUSH, self.flush)

    def flush(self) -> None:
        """Write the last words that wait. One that another bridge has written stays."""
        self._flush = None
        records = self._database.records
        for key, record in self._unwritten.items():
            if not records[key].status.final:
                records[key] = record
        self._unwritten.clear()

    def crash(self) -> None:
        """Lose what waits."""
        if self._flush is not None:
            self._flush.cancel()

    def find(self, key: str) -> Record | None:
        """See the port."""
        return self._unwritten.get(key) or self._database.records.get(key)

    def find_text(self, text: bytes) -> Record | None:
        """See the port."""
        return self.find(self._database.texts[text]) if text in self._database.texts else None

    def asked_to_forget(self, light: str) -> int | None:
        """See the port. Nobody asks in these lives."""
        return None

    def open_presses(self) -> list[Record]:
        """See the port."""
        return [record for record in self._database.records.values() if not record.status.final]
