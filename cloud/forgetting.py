"""Lights that somebody wants forgotten. It is asked for in the store, so that a bridge does it now or when it starts.

The bridge empties what its broker keeps of the light; that tells every bridge, Home Assistant and all phones. A bridge
that was away from the broker then reads of it here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, Protocol

from cloud.database import Address, Database, patient
from cloud.desk import Desk
from contract.words import LightId

ECHO_S = 2.0
"""How long the broker may take to tell us that it has emptied a topic, or another bridge that it knows the light."""
LOOKS = 40
LOOK_EACH_S = 0.1

_PRESSED = """
SELECT 1 FROM presses WHERE light = ? AND asked_at > coalesce((
    SELECT asked_at FROM forgotten WHERE light = ? AND answer = 'forgotten'), 0) LIMIT 1
"""


class Answer(StrEnum):
    """What came of it."""

    FORGOTTEN = "forgotten"
    UNKNOWN = "unknown"
    """The bridge has not heard of such a light."""
    REFUSED = "refused"
    """The broker does not let the bridge empty the light's topics."""


class Asked(NamedTuple):
    """A light to be forgotten, as asked for at `asked_at` (Unix ms); `answer`: None while it waits."""

    light: LightId
    asked_at: int
    answer: Answer | None


class Store(Protocol):
    """Where it is asked for. Each raises StoreUnavailable."""

    def to_forget(self) -> list[Asked]:
        """All that was asked for."""

    def answer(self, asked: Asked, answer: Answer) -> None:
        """Say what came of it."""


class Line(Protocol):
    """The line to the broker."""

    def empty(self, light: str) -> None:
        """Have the broker keep nothing of a light any more."""


class Forgetting:
    """Does what the store asks for. `before`: has the broker know first who may still sign in."""

    def __init__(
        self, store: Store, line: Line, desk: Desk, now: Callable[[], int], before: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._line = line
        self._desk = desk
        self._now = now
        self._before = before
        self._seen: dict[str, int] = {}

    def recall(self) -> None:
        """Know what was forgotten before this bridge started. Raises StoreUnavailable."""
        for asked in self._store.to_forget():
            if asked.answer is Answer.FORGOTTEN:
                self._desk.house.forget(asked.light)
                self._seen[asked.light] = asked.asked_at

    async def tend(self) -> None:
        """Do what is due. Raises StoreUnavailable."""
        for asked in self._store.to_forget():
            if asked.answer is None:
                await self._do(asked)
            elif asked.answer is Answer.FORGOTTEN and self._seen.get(asked.light) != asked.asked_at:
                self._desk.forget(asked.light, self._now())
                self._seen[asked.light] = asked.asked_at

    async def _do(self, asked: Asked) -> None:
        if not self._desk.broker:
            return
        await self._before()
        house = self._desk.house
        known, before = house.knows(asked.light), house.forgotten.get(asked.light)
        self._line.empty(asked.light)
        if await self._echoed(asked.light, before):
            self._seen[asked.light] = asked.asked_at
            self._store.answer(asked, Answer.FORGOTTEN)
        elif self._desk.broker:
            self._store.answer(asked, Answer.REFUSED if known else Answer.UNKNOWN)

    async def _echoed(self, light: str, before: int | None) -> bool:
        """Whether the broker tells that it keeps nothing any more of a light that is known here."""
        for _ in range(LOOKS):
            await asyncio.sleep(ECHO_S / LOOKS)
            if self._desk.house.forgotten.get(light) != before:
                return True
        return False


def ask(store: Address, light: str, patience_s: float, *, is_known: bool) -> Answer | None:
    """Ask for a light to be forgotten, and wait so long for a bridge's answer.

    None: it will be done later, if it `is_known` that there is such a light. What a bridge cannot do, or is of nothing
    that is known, is not asked for any more. Raises StoreUnavailable.
    """
    with patient(store) as database:
        before = _answer(database, light)
        database.run("DELETE FROM forgotten WHERE light = ?", (light,))
        database.run("INSERT INTO forgotten (light, asked_at) VALUES (?, ?)", (light, time.time_ns() // 1_000_000))
        until = time.monotonic() + patience_s
        while (answer := _answer(database, light)) is None and time.monotonic() < until:
            time.sleep(LOOK_EACH_S)
        if answer in (Answer.UNKNOWN, Answer.REFUSED) or (answer is None and not is_known):
            database.run("DELETE FROM forgotten WHERE light = ?", (light,))
            if before is Answer.FORGOTTEN:  # as it still is
                database.run(
                    "INSERT INTO forgotten VALUES (?, ?, ?)", (light, time.time_ns() // 1_000_000, before.value)
                )
    return answer


def was_pressed(store: Address, light: str) -> bool:
    """Whether the store holds a press on such a light that was not forgotten yet. Raises StoreUnavailable."""
    with patient(store) as database:
        return bool(database.run(_PRESSED, (light, light)))


def _answer(database: Database, light: str) -> Answer | None:
    rows = database.run("SELECT answer FROM forgotten WHERE light = ?", (light,))
    return Answer(rows[0][0]) if rows and rows[0][0] else None
