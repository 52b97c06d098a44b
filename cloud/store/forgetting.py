"""Lights that somebody wants forgotten. It is asked for in the store, and a bridge does it while the asker waits.

The bridge empties what its broker keeps of the light; that tells every bridge, Home Assistant and all phones. A bridge
that was away from the broker then reads of it here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, NoReturn, Protocol, TypeAlias

from presslight.cloud.core.presses import Desk
from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.store.database import Address, Database, Trouble, patient
from presslight.cloud.store.schema import Row
from presslight.contract.phone import MAX_LIGHTS
from presslight.contract.words import LightId

Mistake: TypeAlias = Callable[[str, Exception], None]
"""Hears where the bridge itself failed, and how."""

EACH_S = 0.5
"""How often a bridge does what is due."""
ECHO_S = 2.0
"""How long the broker may take to acknowledge what empties a light's topics, and then to tell us of it."""
LOOKS = 40
LOOK_EACH_S = 0.1

_ASK = """
INSERT INTO forgotten (light, asked_at) VALUES (?, ?)
ON CONFLICT (light) DO UPDATE SET asked_at = excluded.asked_at, answer = NULL
"""
_PRUNE = "DELETE FROM forgotten WHERE light NOT IN (SELECT light FROM forgotten ORDER BY asked_at DESC LIMIT ?)"
_NOT_DONE = "light = ? AND asked_at = ? AND (answer IS NULL OR answer <> 'forgotten')"
_TAKE_BACK = f"DELETE FROM forgotten WHERE {_NOT_DONE}"  # noqa: S608 -- no value of anybody's is in it
_PUT_BACK = f"UPDATE forgotten SET asked_at = ?, answer = ? WHERE {_NOT_DONE}"  # noqa: S608 -- as above


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


def asked_of(row: Row) -> Asked:
    """The request that a row of `forgotten` is. Raises ValueError where its answer is none."""
    return Asked(row["light"], row["asked_at"], None if row["answer"] is None else Answer(row["answer"]))


class Store(Protocol):
    """Where it is asked for. Each raises StoreUnavailable."""

    def to_forget(self) -> list[Asked]:
        """All that was done, or is still waited for."""

    def answer(self, asked: Asked, answer: Answer) -> None:
        """Say what came of it."""


class Line(Protocol):
    """The line to the broker."""

    async def clear_retained(self, light: str) -> bool:
        """Have the broker keep nothing of a light any more. Answers whether it has acknowledged all of that."""


class Forgetting:
    """Does what the store asks for.

    `before`: has the broker know first who may still sign in, and that we listen to the light; answers whether it does.
    Which request a light was emptied for, the house knows: the newest that was in the store at that moment.
    """

    def __init__(
        self,
        store: Store,
        line: Line,
        desk: Desk,
        now: Callable[[], int],
        before: Callable[[str], Awaitable[bool]],
        trouble: Trouble,
        mistake: Mistake,
    ) -> None:
        self._store = store
        self._line = line
        self._desk = desk
        self._now = now
        self._before = before
        self._trouble = trouble
        self._mistake = mistake
        self._is_due = True

    def recall(self) -> None:
        """Know what was forgotten before this bridge started. Raises StoreUnavailable."""
        for asked in self._store.to_forget():
            if asked.answer is Answer.FORGOTTEN:
                self._desk.house.hear_request(asked.light, asked.asked_at)
                self._desk.house.recall(asked.light)

    def note(self, *, touched: bool) -> None:
        """Hear whether somebody else may have written to the store since this was last told."""
        self._is_due = self._is_due or touched

    async def run(self) -> NoReturn:
        """Do what is due, for ever."""
        while True:
            await asyncio.sleep(EACH_S)
            try:
                await self.tend()
            except StoreUnavailable as error:
                self._trouble(error)
            except Exception as error:  # it is tried again, and the house goes on
                self._mistake("forgetting", error)

    async def tend(self) -> None:
        """Do what is due. Raises StoreUnavailable."""
        for asked in self._look() if self._is_due else ():
            if asked.answer is Answer.FORGOTTEN:
                self._heed(asked)
            elif asked.answer is None and self._is_emptied(asked):  # by us or by another bridge
                self._store.answer(asked, Answer.FORGOTTEN)
            elif asked.answer is None and self._desk.broker:
                await self._do(asked)

    def _look(self) -> list[Asked]:
        """What the store has, but for what came back because a newer request was given up."""
        found = self._store.to_forget()
        self._is_due = any(asked.answer is None for asked in found)
        return [asked for asked in found if self._desk.house.hear_request(asked.light, asked.asked_at)]

    def _heed(self, asked: Asked) -> None:
        if not self._is_emptied(asked):
            self._desk.forget(asked.light, self._now())

    def _is_emptied(self, asked: Asked) -> bool:
        """Whether the light was forgotten since this was asked for: what lives under its name now is another one."""
        return self._desk.house.forgotten.get(asked.light, 0) >= asked.asked_at

    async def _do(self, asked: Asked) -> None:
        is_ready = await self._before(asked.light)
        if not is_ready or asked not in self._store.to_forget():  # it may be taken back meanwhile
            return
        house = self._desk.house
        known, connected_at = house.knows(asked.light), house.found_at
        try:
            async with asyncio.timeout(ECHO_S):
                if not await self._line.clear_retained(asked.light):
                    return
        except TimeoutError:
            return
        if await self._echoed(asked):
            self._store.answer(asked, Answer.FORGOTTEN)
        elif self._desk.broker and house.found_at == connected_at:
            self._store.answer(asked, Answer.REFUSED if known else Answer.UNKNOWN)

    async def _echoed(self, asked: Asked) -> bool:
        """Whether the broker tells that it keeps nothing any more of a light that is known here."""
        for _ in range(LOOKS):
            if self._is_emptied(asked):
                return True
            await asyncio.sleep(ECHO_S / LOOKS)
        return self._is_emptied(asked)


def ask(store: Address, light: str, patience_s: float) -> Answer | None:
    """Ask for a light to be forgotten, and wait so long for a bridge's answer. None: there was none.

    What was not done is not asked for any more: another light may get the name. Raises StoreUnavailable.
    """
    with patient(store) as database:
        before = _found(database, light)
        asked_at = max(time.time_ns() // 1_000_000, before.asked_at + 1 if before else 0)
        database.run(_ASK, (light, asked_at))
        try:
            answer = _await(database, light, asked_at, patience_s)
        finally:
            _give_up(database, light, asked_at, before)
        return _answer(database, light, asked_at) or answer


def _await(database: Database, light: str, asked_at: int, patience_s: float) -> Answer | None:
    until = time.monotonic() + patience_s
    while (answer := _answer(database, light, asked_at)) is None and time.monotonic() < until:
        time.sleep(LOOK_EACH_S)
    return answer


def _give_up(database: Database, light: str, asked_at: int, before: Asked | None) -> None:
    """Have the store as it was `before`, unless a bridge has done it."""
    if before is None or before.answer is not Answer.FORGOTTEN:
        database.run(_TAKE_BACK, (light, asked_at))
    else:
        database.run(_PUT_BACK, (before.asked_at, before.answer.value, light, asked_at))
    database.run(_PRUNE, (MAX_LIGHTS,))


def _answer(database: Database, light: str, asked_at: int) -> Answer | None:
    """What came of it, or of a newer request that took its place: that one's answer is ours."""
    found = _found(database, light)
    return found.answer if found is not None and found.asked_at >= asked_at else None


def _found(database: Database, light: str) -> Asked | None:
    for row in database.run("SELECT light, asked_at, answer FROM forgotten WHERE light = ?", (light,)):
        return asked_of(row)
    return None
