"""A store under test, on either database, and what goes into it."""

from collections.abc import Callable

from presslight.cloud.core.record import Record
from presslight.cloud.store.database import Address, patient
from presslight.cloud.store.store import Store
from presslight.contract.phone import Legs
from presslight.contract.words import PressStatus
from tests.cloud.ports import BOOT, key


class Later:
    """Calls nothing until it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))

    def pass_by(self) -> None:
        calls, self.calls = self.calls, []
        for _, call in calls:
            call()


class StoreHarness:
    """A store, its address, and what went wrong in it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.later = Later()
        self.troubles: list[Exception] = []
        self.store = self.another()

    def another(self) -> Store:
        store = Store(self.address, self.later, self.troubles.append)
        store.open()
        return store

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with patient(self.address) as database:
            return [tuple(row[name] for name in row.keys()) for row in database.run(statement, values)]  # noqa: SIM118 -- a row of SQLite iterates its values


def record(number: int = 1, *, phone: str = "ann", origin: str | None = None) -> Record:
    pressed = key(number, origin) if origin else key(number)
    return Record(
        pressed, "kitchen", phone, "payload", b"m\x00\xff", BOOT, 3_000, PressStatus.ACCEPTED, None, None, None
    )


def applied(open_record: Record) -> Record:
    legs = Legs(bridge_us=5, ack_us=3, light_us=1)
    return open_record._replace(status=PressStatus.APPLIED, version=(1, 7), legs=legs)
