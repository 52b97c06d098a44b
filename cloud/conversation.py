"""One phone's side of the WebSocket, frame by frame: who it is, what it may say when, whether it is alive.

Pure: times are ns on a monotonic clock, what is to be sent goes to an outbox. docs/protocol.md, "The phone's
WebSocket", states the rules.
"""

import json
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from cloud.desk import Ask, Desk
from cloud.errors import Refusal
from cloud.outbox import Outbox
from cloud.settings import Settings
from contract.errors import MEANINGS, CloseCode, ContractError, ErrorCode
from contract.phone import (
    Hello,
    Limits,
    Ping,
    Pong,
    Press,
    PressOutcome,
    Problem,
    Shown,
    Welcome,
    decode_phone_frame,
    encode,
)
from contract.words import MAX_SMALL, WIRE_VERSION, Word

_NS_PER_MS = 1_000_000
BAD_FRAMES = 20
"""So many bad frames in a row close the socket."""

_SILENCE = 2.5
_KEY_LENGTH = 64
_SHOWN_KEPT = 64

CLOSES = {
    ErrorCode.HELLO_EXPECTED: CloseCode.HELLO_EXPECTED,
    ErrorCode.HELLO_TIMEOUT: CloseCode.HELLO_TIMEOUT,
    ErrorCode.UNAUTHENTICATED: CloseCode.UNAUTHENTICATED,
    ErrorCode.UNSUPPORTED_VERSION: CloseCode.UNSUPPORTED_VERSION,
    ErrorCode.SILENT_PHONE: CloseCode.SILENT,
    ErrorCode.SLOW_PHONE: CloseCode.SLOW,
    ErrorCode.OVERLOADED: CloseCode.OVERLOADED,
}
"""The errors after which the socket is closed, and with which code."""


Frame = Hello | Press | Shown | Ping | Pong


class State(Enum):
    """Where a conversation stands."""

    GREETING = "greeting"
    """No good hello yet."""
    TALKING = "talking"
    """The phone was welcomed and hears all that happens."""
    ENDED = "ended"
    """Nothing is read any more; what waits is sent, then the socket closes."""


class Counts(Protocol):
    """Who counts and measures what phones do."""

    def error(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        """A phone was told that something was wrong."""

    def shown(self, ms: int, bridge_us: int) -> None:
        """A phone showed a press `ms` after the finger; the bridge had it for `bridge_us` of these."""


class Board(Protocol):
    """What a conversation needs of the bridge."""

    @property
    def settings(self) -> Settings:
        """The limits."""

    @property
    def desk(self) -> Desk:
        """Where presses go."""

    @property
    def counts(self) -> Counts:
        """Who counts."""

    def phone_of(self, token: str) -> str | None:
        """The phone that a token was issued to. Raises StoreUnavailable."""

    def may_press(self, phone: str, now: int) -> bool:
        """Whether the phone is within its rate; counts the press."""

    def join(self, talk: "Conversation") -> None:
        """From now on the phone hears what happens. Raises Refusal(OVERLOADED)."""

    def leave(self, talk: "Conversation") -> None:
        """The phone is gone."""


class Conversation:
    """With one phone, whose socket opened at `now`.

    `wake` is called when something waits in the outbox, or the conversation ends; with True if somebody waits for it.
    """

    __slots__ = (
        "_bad",
        "_board",
        "_heard",
        "_hello_by",
        "_ping",
        "_pinged",
        "_rtt_ns",
        "_shown",
        "_state",
        "_wake",
        "_watched",
        "close_code",
        "outbox",
        "phone",
        "token",
    )  # fmt: skip

    def __init__(self, board: Board, wake: Callable[[bool], None], now: int) -> None:
        self.outbox = Outbox()
        self.phone: str | None = None
        self.token: str | None = None
        self.close_code: CloseCode | None = None
        self._board = board
        self._wake = wake
        self._state = State.GREETING
        self._hello_by = now + board.settings.hello_ms * _NS_PER_MS
        self._heard = now
        self._bad = 0
        self._ping = 0
        self._pinged = now
        self._rtt_ns = 0
        self._watched: set[str] = set()
        self._shown: dict[str, int] = {}

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._state

    # What the phone sends

    def on_text(self, text: str, now: int) -> None:
        """A text frame came in."""
        self._heard = now
        try:
            frame = decode_phone_frame(text)
        except ContractError as error:
            self._misread(error.code, str(error), text)
        else:
            self._heed(frame, now)

    def _heed(self, frame: Frame, now: int) -> None:
        try:
            if self._state is State.GREETING:
                self._greet(frame, now)
            else:
                self._take(frame, now)
                self._bad = 0
        except Refusal as refusal:
            self._refused(refusal, frame)

    def on_binary(self, now: int) -> None:
        """A binary frame came in: not of this protocol."""
        self._heard = now
        self._misread(ErrorCode.MALFORMED, "frames are text", "")

    def _misread(self, code: ErrorCode, detail: str, text: str) -> None:
        said = _loosely(text) if code is not ErrorCode.TOO_LARGE else {}
        if self._state is State.GREETING and said.get("type") != "hello":
            self._fail(ErrorCode.HELLO_EXPECTED)
            return
        key = said.get("key")
        self._complain(code, detail, key if isinstance(key, str) and len(key) <= _KEY_LENGTH else None)
        self._count_bad()

    def _greet(self, frame: Frame, now: int) -> None:
        if not isinstance(frame, Hello):
            raise Refusal(ErrorCode.HELLO_EXPECTED)
        if WIRE_VERSION not in frame.versions:
            raise Refusal(ErrorCode.UNSUPPORTED_VERSION)
        phone = self._board.phone_of(frame.token)
        if phone is None:
            raise Refusal(ErrorCode.UNAUTHENTICATED)
        self._board.join(self)
        self.phone, self.token = phone, frame.token
        self._state = State.TALKING
        self._send(encode(self._welcome(frame, phone, now)))
        self._send_ping(now)

    def _welcome(self, hello: Hello, phone: str, now: int) -> Welcome:
        settings = self._board.settings
        return Welcome(
            bridge=settings.name,
            phone=phone,
            ping_ms=settings.ping_ms,
            limits=Limits(presses_per_s=int(settings.press_rate), burst=settings.press_burst),
            broker=self._board.desk.broker,
            lights=self._board.desk.house.news_for(hello.have, now),
        )

    def _take(self, frame: Frame, now: int) -> None:
        match frame:
            case Press():
                self._press(frame, now)
            case Ping():
                self._send(encode(Pong(n=frame.n)))
            case Pong():
                self._pong(frame.n, now)
            case Shown():
                self._take_shown(frame)
            case Hello():
                raise Refusal(ErrorCode.HELLO_AGAIN)

    def _refused(self, refusal: Refusal, frame: Frame) -> None:
        key = frame.key if isinstance(frame, Press | Shown) else None
        self._complain(refusal.code, str(refusal), key)
        if refusal.code in CLOSES:
            self._end(CLOSES[refusal.code])
        elif refusal.code is ErrorCode.HELLO_AGAIN:
            self._count_bad()

    def _press(self, frame: Press, now: int) -> None:
        phone = self.phone or ""
        if not self._board.may_press(phone, now):
            raise Refusal(ErrorCode.RATE_LIMITED)
        before_us = frame.age_ms * 1_000 + self._rtt_ns // 2_000
        ask = Ask(
            frame.key, frame.light, phone, frame.set, frame.if_ver, frame.not_after, frame.patience_ms, before_us
        )  # fmt: skip
        known = frame.key in self._watched
        self._watched.add(frame.key)
        try:
            self._board.desk.ask(ask, self, now)
        except Refusal:
            if not known:
                self._watched.discard(frame.key)
            raise

    def _pong(self, n: int, now: int) -> None:
        if n == self._ping:
            self._rtt_ns = now - self._pinged

    def _take_shown(self, frame: Shown) -> None:
        bridge_us = self._shown.pop(frame.key, None)
        if bridge_us is None:
            raise Refusal(ErrorCode.UNKNOWN_PRESS, "not told of here")
        self._board.counts.shown(frame.ms, bridge_us)

    # What the phone hears

    def hear(self, outcome: PressOutcome, text: str) -> None:
        """A press that this phone asked for has a word."""
        if outcome.final:
            self._watched.discard(outcome.key)
        if outcome.word is Word.APPLIED and outcome.legs is not None and len(self._shown) < _SHOWN_KEPT:
            self._shown[outcome.key] = outcome.legs.bridge_us
        self._send(text, urgent=outcome.final)

    def light(self, name: str, text: str) -> None:
        """A light changed."""
        self.outbox.light(name, text)
        self._wake(False)

    def status(self, text: str) -> None:
        """The broker was lost or found."""
        self._send(text)

    def _send(self, text: str, *, urgent: bool = False) -> None:
        self.outbox.word(text)
        self._wake(urgent)

    def _complain(self, code: ErrorCode, detail: str, key: str | None) -> None:
        self._board.counts.error(code, self.phone, key, detail)
        meaning = MEANINGS[code]
        message = detail or meaning.message
        self._send(encode(Problem(code=code, message=message, retry=meaning.retry, key=key)))

    # Its end

    def _count_bad(self) -> None:
        self._bad += 1
        if self._bad >= BAD_FRAMES:
            self._end(CloseCode.ABUSE)

    def _fail(self, code: ErrorCode) -> None:
        self._complain(code, "", None)
        self._end(CLOSES[code])

    def _end(self, code: CloseCode) -> None:
        self._state = State.ENDED
        self.close_code = code
        self._wake(False)

    def revoke(self) -> None:
        """The phone's token is not good any more."""
        if self._state is State.TALKING:
            self._fail(ErrorCode.UNAUTHENTICATED)

    def gone(self) -> None:
        """The socket is gone: nobody hears the words any more."""
        self._state = State.ENDED
        self._board.leave(self)
        for key in self._watched:
            self._board.desk.leave(key, self)

    # Time

    def wake_at(self, now: int) -> int:
        """When (ns) `on_time` is wanted next, as seen at `now`."""
        if self._state is State.GREETING:
            return min(self._hello_by, self._stuck_by(now))
        if self._state is State.ENDED:
            return self._stuck_by(now)
        return min(self._ping_at(), self._silent_at(), self._stuck_by(now))

    def on_time(self, now: int) -> None:
        """Do what is due at `now`."""
        if now >= self._stuck_by(now):
            self._fail(ErrorCode.SLOW_PHONE)
        elif self._state is State.GREETING and now >= self._hello_by:
            self._fail(ErrorCode.HELLO_TIMEOUT)
        elif self._state is State.TALKING and now >= self._silent_at():
            self._fail(ErrorCode.SILENT_PHONE)
        elif self._state is State.TALKING and now >= self._ping_at():
            self._send_ping(now)

    def _send_ping(self, now: int) -> None:
        self._ping = self._ping % MAX_SMALL + 1
        self._pinged = now
        self._send(encode(Ping(n=self._ping)))

    def _ping_at(self) -> int:
        return self._pinged + self._board.settings.ping_ms * _NS_PER_MS

    def _silent_at(self) -> int:
        return self._heard + int(_SILENCE * self._board.settings.ping_ms) * _NS_PER_MS

    def _stuck_by(self, now: int) -> int:
        """When the phone will have read nothing for too long."""
        since = self.outbox.stuck_since
        return (now if since is None else since) + self._board.settings.drain_ms * _NS_PER_MS


def _loosely(text: str) -> dict[str, Any]:
    """Read what can be read of a bad frame, for its key and type."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
