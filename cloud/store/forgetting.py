"""Requests to forget a light. One is made in the store; a bridge carries it out while `presslight forget` waits.

The bridge clears the light's retained messages; that tells every bridge, Home Assistant and all phones. A bridge that
was away from the broker then finds the request here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, NoReturn, Protocol, TypeAlias

from presslight.cloud.core.presses import Presses
from presslight.cloud.errors import StoreUnavailable
from presslight.cloud.store.database import Address, Database, Trouble, patient
from presslight.cloud.store.schema import Row
from presslight.contract.phone import MAX_LIGHTS
from presslight.contract.words import LightId

OnDefect: TypeAlias = Callable[[str, Exception], None]
"""Called where the bridge itself failed, with the place and the exception."""

EACH_S = 0.5
"""Seconds between two looks for requests."""
ECHO_S = 2.0
"""Seconds for the broker to acknowledge the empty retained messages, and then to deliver them to us."""
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
    """The result of a request."""

    FORGOTTEN = "forgotten"
    UNKNOWN = "unknown"
    """The bridge knows no such light."""
    REFUSED = "refused"
    """The broker does not let the bridge publish to the light's topics."""


class ForgetRequest(NamedTuple):
    """A request to forget a light. `asked_at`: Unix ms; `answer`: None while it waits."""

    light: LightId
    asked_at: int
    answer: Answer | None


def request_of(row: Row) -> ForgetRequest:
    """The request in a row of `forgotten`. Raises ValueError where its answer is unknown."""
    return ForgetRequest(row["light"], row["asked_at"], None if row["answer"] is None else Answer(row["answer"]))


class ForgetRequests(Protocol):
    """The requests in the store. Each raises StoreUnavailable."""

    def to_forget(self) -> list[ForgetRequest]:
        """Return the requests that are done, or that somebody waits for."""

    def answer_request(self, asked: ForgetRequest, answer: Answer) -> None:
        """Answer a request; the first answer stays."""


class RetainedMessages(Protocol):
    """The retained messages of the broker."""

    async def clear_retained(self, light: str) -> bool:
        """Publish an empty retained message to each topic of a light; return whether the broker acknowledged all."""


class Forgetting:
    """Carries out the requests in the store.

    `before`: has the broker know first who may still sign in, and that we listen to the light; answers whether it does.
    Which request a light was emptied for, the house knows: the newest that was in the store at that moment.
    """

    def __init__(
        self,
        store: ForgetRequests,
        retained: RetainedMessages,
        presses: Presses,
        now: Callable[[], int],
        before: Callable[[str], Awaitable[bool]],
        trouble: Trouble,
        on_defect: OnDefect,
    ) -> None:
        self._store = store
        self._retained = retained
        self._presses = presses
        self._now = now
        self._before = before
        self._trouble = trouble
        self._on_defect = on_defect
        self._is_due = True

    def recall(self) -> None:
        """Take in the lights that were forgotten before this bridge started. Raises StoreUnavailable."""
        for asked in self._store.to_forget():
            if asked.answer is Answer.FORGOTTEN:
                self._presses.lights.on_forget_request(asked.light, asked.asked_at)
                self._presses.lights.recall(asked.light)

    def note_write(self, *, written_elsewhere: bool) -> None:
        """Note whether another process may have written to the store since the last call."""
        self._is_due = self._is_due or written_elsewhere

    async def run(self) -> NoReturn:
        """Carry out requests each EACH_S, until cancelled."""
        while True:
            await asyncio.sleep(EACH_S)
            try:
                await self.handle_requests()
            except StoreUnavailable as error:
                self._trouble(error)
            except Exception as error:  # it is tried again, and the house goes on
                self._on_defect("forgetting", error)

    async def handle_requests(self) -> None:
        """Carry out the requests that wait. Raises StoreUnavailable."""
        for asked in self._read_requests() if self._is_due else ():
            if asked.answer is Answer.FORGOTTEN:
                self._forget_asked(asked)
            elif asked.answer is None and self._is_emptied(asked):  # by us or by another bridge
                self._store.answer_request(asked, Answer.FORGOTTEN)
            elif asked.answer is None and self._presses.broker:
                await self._forget_everywhere(asked)

    def _read_requests(self) -> list[ForgetRequest]:
        """The requests in the store, without one that came back because a newer one was withdrawn."""
        found = self._store.to_forget()
        self._is_due = any(asked.answer is None for asked in found)
        return [asked for asked in found if self._presses.lights.on_forget_request(asked.light, asked.asked_at)]

    def _forget_asked(self, asked: ForgetRequest) -> None:
        if not self._is_emptied(asked):
            self._presses.forget(asked.light, self._now())

    def _is_emptied(self, asked: ForgetRequest) -> bool:
        """Whether the light was forgotten since the request: one with its name now is another light."""
        return self._presses.lights.forgotten.get(asked.light, 0) >= asked.asked_at

    async def _forget_everywhere(self, asked: ForgetRequest) -> None:
        is_ready = await self._before(asked.light)
        if not is_ready or asked not in self._store.to_forget():  # it may be taken back meanwhile
            return
        lights = self._presses.lights
        known, connected_at = lights.knows(asked.light), lights.found_at
        try:
            async with asyncio.timeout(ECHO_S):
                if not await self._retained.clear_retained(asked.light):
                    return
        except TimeoutError:
            return
        if await self._echoed(asked):
            self._store.answer_request(asked, Answer.FORGOTTEN)
        elif self._presses.broker and lights.found_at == connected_at:
            self._store.answer_request(asked, Answer.REFUSED if known else Answer.UNKNOWN)

    async def _echoed(self, asked: ForgetRequest) -> bool:
        """Whether the broker delivered the empty retained messages within ECHO_S."""
        for _ in range(LOOKS):
            if self._is_emptied(asked):
                return True
            await asyncio.sleep(ECHO_S / LOOKS)
        return self._is_emptied(asked)


def request_forgetting(store: Address, light: str, patience_s: float) -> Answer | None:
    """Request that a light is forgotten, and wait `patience_s` seconds for a bridge's answer; None: there was none.

    A request that was not carried out is withdrawn: another light may get the name. Raises StoreUnavailable.
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


def _give_up(database: Database, light: str, asked_at: int, before: ForgetRequest | None) -> None:
    """Put the store back as it was `before`, unless a bridge has carried the request out."""
    if before is None or before.answer is not Answer.FORGOTTEN:
        database.run(_TAKE_BACK, (light, asked_at))
    else:
        database.run(_PUT_BACK, (before.asked_at, before.answer.value, light, asked_at))
    database.run(_PRUNE, (MAX_LIGHTS,))


def _answer(database: Database, light: str, asked_at: int) -> Answer | None:
    """The answer to the request, or to a newer one that took its place."""
    found = _found(database, light)
    return found.answer if found is not None and found.asked_at >= asked_at else None


def _found(database: Database, light: str) -> ForgetRequest | None:
    for row in database.run("SELECT light, asked_at, answer FROM forgotten WHERE light = ?", (light,)):
        return request_of(row)
    return None
