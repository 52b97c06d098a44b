"""One phone's side of the WebSocket, frame by frame: who it is, what it may say when, whether it is alive.

Pure: times are ns on a monotonic clock, what is to be sent goes to an outbox. docs/protocol.md, "The phone's
WebSocket", states the rules.
"""

from collections.abc import Callable
from typing import assert_never, cast

from presslight.cloud.core.allowance import Allowance
from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask
from presslight.cloud.errors import IllegalMove, Refusal
from presslight.cloud.websocket.bad_frame import is_hello, key_of
from presslight.cloud.websocket.handshake import principal_of, welcome
from presslight.cloud.websocket.heartbeat import Heartbeat
from presslight.cloud.websocket.outbox import Outbox
from presslight.cloud.websocket.ports import SessionPorts
from presslight.cloud.websocket.session_state import CLOSES, MOVES, SessionState
from presslight.contract.errors import MEANINGS, CloseCode, ContractError, ErrorCode
from presslight.contract.phone import Hello, PhoneFrame, Ping, Pong, Press, PressOutcome, Problem, Shown
from presslight.contract.phone_codec import decode_phone_frame, encode
from presslight.contract.words import PressStatus

BAD_FRAMES = 20
"""So many bad frames in a row close the socket."""

_NS_PER_MS = 1_000_000
_SHOWN_KEPT = 64


class Session:
    """With one phone, whose socket opened at `now` from the address `client`.

    `wake` is called when something waits in the outbox, or the session ends; with True if somebody waits for it.
    """

    __slots__ = (
        "_bad",
        "_client",
        "_heartbeat",
        "_hello_by",
        "_ports",
        "_shown",
        "_state",
        "_wake",
        "_watched",
        "allowance",
        "close_code",
        "outbox",
        "principal",
        "token",
    )  # fmt: skip

    def __init__(self, ports: SessionPorts, wake: Callable[[bool], None], now: int, client: str | None = None) -> None:
        self.outbox = Outbox()
        self.principal: Principal | None = None
        self.token: str | None = None
        self.close_code: CloseCode | None = None
        self.allowance = Allowance.of_stranger(now)
        self._ports = ports
        self._client = client
        self._wake = wake
        self._state = SessionState.AWAITING_HELLO
        self._hello_by = now + ports.settings.hello_ms * _NS_PER_MS
        self._heartbeat = Heartbeat(ports.settings.ping_ms * _NS_PER_MS, now)
        self._bad = 0
        self._watched: set[str] = set()
        self._shown: dict[str, int | None] = {}

    @property
    def state(self) -> SessionState:
        """Its state."""
        return self._state

    # What the phone sends

    def on_text(self, text: str, now: int) -> None:
        """A text frame came in. It is ignored once the session is closing."""
        if self._state.is_over:
            return None
        if not self.allowance.takes(len(text), now):
            return self.on_too_many()
        self._heartbeat.on_frame(now)
        try:
            frame = decode_phone_frame(text)
        except ContractError as error:
            self._misread(error.code, str(error), text)
        else:
            self._dispatch(frame, now)
        return None

    def _dispatch(self, frame: PhoneFrame, now: int) -> None:
        try:
            if self._state is SessionState.AWAITING_HELLO:
                self._greet(frame, now)
            else:
                self._on_frame(frame, now)
                self._bad = 0
        except Refusal as refusal:
            self._refused(refusal, frame)

    def on_binary(self, data: bytes, now: int) -> None:
        """A binary frame came in: not of this protocol."""
        if self._state.is_over:
            return None
        if not self.allowance.takes(len(data), now):
            return self.on_too_many()
        self._heartbeat.on_frame(now)
        self._misread(ErrorCode.MALFORMED, "frames are text", "")
        return None

    def on_too_many(self) -> None:
        """More frames or bytes came in than may: the phone hears so and has to come again, more slowly."""
        if not self._state.is_over:
            self._fail(ErrorCode.RATE_LIMITED)

    def _misread(self, code: ErrorCode, detail: str, text: str) -> None:
        said = "" if code is ErrorCode.TOO_LARGE else text
        if self._state is SessionState.AWAITING_HELLO and not is_hello(said):
            self._fail(ErrorCode.HELLO_EXPECTED)
        else:
            self._complain(code, detail, key_of(said))
            self._count_bad()

    def _greet(self, hello: PhoneFrame, now: int) -> None:
        if not isinstance(hello, Hello):
            raise Refusal(ErrorCode.HELLO_EXPECTED)
        principal = principal_of(hello, self._ports, self._client)
        allowance = self._ports.allowance_of(hello.token, now)
        if not allowance.takes_hello(now):
            raise Refusal(ErrorCode.RATE_LIMITED)
        if allowance.sockets >= self._ports.settings.max_sockets:
            raise Refusal(ErrorCode.TOO_MANY_SOCKETS)
        self._ports.join(self)
        allowance.sockets += 1
        self.principal, self.token, self.allowance = principal, hello.token, allowance
        self._move_to(SessionState.OPEN)
        self._send(encode(welcome(hello, principal, self._ports, now)))
        self._ping(now)

    def _on_frame(self, frame: PhoneFrame, now: int) -> None:
        match frame:
            case Press():
                self._press(frame, cast(Principal, self.principal), now)
            case Ping():
                self._send(encode(Pong(n=frame.n)))
            case Pong():
                self._heartbeat.pong(frame.n, now)
            case Shown():
                self._take_shown(frame)
            case Hello():
                raise Refusal(ErrorCode.HELLO_AGAIN)
            case _:
                assert_never(frame)

    def _refused(self, refusal: Refusal, frame: PhoneFrame) -> None:
        key = frame.key if isinstance(frame, Press | Shown) else None
        self._complain(refusal.code, str(refusal), key)
        if self._state is SessionState.AWAITING_HELLO and refusal.code in CLOSES:
            self._end_session(CLOSES[refusal.code])
        elif refusal.code is ErrorCode.HELLO_AGAIN:
            self._count_bad()

    def _press(self, frame: Press, principal: Principal, now: int) -> None:
        if not self._ports.is_within_press_rate(principal, now):
            raise Refusal(ErrorCode.RATE_LIMITED)
        before_us = frame.age_ms * 1_000 + self._heartbeat.rtt // 2_000
        ask = Ask(
            frame.key, frame.light, principal, frame.set, frame.if_ver, frame.not_after, frame.patience_ms, before_us
        )  # fmt: skip
        known = frame.key in self._watched
        self._watched.add(frame.key)
        try:
            self._ports.presses.ask(ask, self, now)
        except Refusal:
            if not known:
                self._watched.discard(frame.key)
            raise

    def _take_shown(self, frame: Shown) -> None:
        if frame.key not in self._shown:
            raise Refusal(ErrorCode.UNKNOWN_PRESS, "no `applied` was told of it here")
        self._ports.counts.shown(frame.ms, self._shown.pop(frame.key))

    # What the phone is sent

    def on_outcome(self, outcome: PressOutcome, text: str) -> None:
        """A press that this phone asked for has a status."""
        if outcome.final:
            self._watched.discard(outcome.key)
        if outcome.status is PressStatus.APPLIED:
            self._await_shown(outcome)
        self._send(text, urgent=outcome.final)

    def on_refusal(self, key: str, refusal: Refusal) -> None:
        """A press that this phone asked for could not be stored after all."""
        self._watched.discard(key)
        self._complain(refusal.code, str(refusal), key)

    def _await_shown(self, outcome: PressOutcome) -> None:
        if len(self._shown) >= _SHOWN_KEPT:
            self._shown.pop(next(iter(self._shown)))
        self._shown[outcome.key] = outcome.legs.bridge_us if outcome.legs else None

    def send_light(self, name: str, text: str) -> None:
        """A light changed."""
        if self.principal is not None and self.principal.may_see(name):
            self.outbox.put_light(name, text)
            self._wake(False)

    def send_broker_status(self, text: str) -> None:
        """The broker was lost or found."""
        self.outbox.put_broker_status(text)
        self._wake(False)

    def _send(self, text: str, *, urgent: bool = False) -> None:
        self.outbox.put(text)
        self._wake(urgent)

    def _complain(self, code: ErrorCode, detail: str, key: str | None) -> None:
        self._ports.counts.on_error_sent(code, self.principal and self.principal.name, key, detail)
        meaning = MEANINGS[code]
        message = detail or meaning.message
        self._send(encode(Problem(code=code, message=message, retry=meaning.retry, key=key)))

    # Its end

    def _count_bad(self) -> None:
        self._bad += 1
        if self._bad >= BAD_FRAMES:
            self._end_session(CloseCode.ABUSE)

    def _fail(self, code: ErrorCode) -> None:
        self._complain(code, "", None)
        self._end_session(CLOSES[code])

    def _end_session(self, code: CloseCode) -> None:
        self._move_to(SessionState.CLOSING)
        self.close_code = code
        self._wake(False)

    def _move_to(self, state: SessionState) -> None:
        if state not in MOVES[self._state]:
            raise IllegalMove(f"a session cannot go from {self._state.value} to {state.value}")
        self._state = state

    def revoke(self) -> None:
        """The phone's token is not good any more."""
        if self._state is SessionState.OPEN:
            self._fail(ErrorCode.UNAUTHENTICATED)

    def on_defect(self, error: Exception) -> None:
        """The bridge failed at this phone: it hears so and has to come again; nobody else notices."""
        self._ports.counts.on_defect("/ws", error)
        if not self._state.is_over:
            self._fail(ErrorCode.INTERNAL)

    def on_closed(self) -> None:
        """The socket is gone: leave the broadcast, and listen to presses no more."""
        self._move_to(SessionState.CLOSED)
        self._wake = lambda _urgent: None  # else it keeps its socket, which keeps it, until Python looks for circles
        self._ports.leave(self)
        if self.token is not None:
            self.allowance.sockets -= 1
        for key in self._watched:
            self._ports.presses.remove_listener(key, self)

    # Time

    def wake_at(self, now: int) -> int:
        """When (ns) `on_time` is wanted next, as seen at `now`."""
        if self._state is SessionState.AWAITING_HELLO:
            return min(self._hello_by, self._stuck_by(now))
        if self._state.is_over:
            return self._stuck_by(now)
        return min(self._heartbeat.wake_at, self._stuck_by(now))

    def on_time(self, now: int) -> None:
        """Do what is due at `now`."""
        if self._state is SessionState.CLOSED:
            return
        if now >= self._stuck_by(now):
            self._fail(ErrorCode.SLOW_PHONE)
        elif self._state is SessionState.AWAITING_HELLO and now >= self._hello_by:
            self._fail(ErrorCode.HELLO_TIMEOUT)
        elif self._state is SessionState.OPEN and self._heartbeat.is_silent(now):
            self._fail(ErrorCode.SILENT_PHONE)
        elif self._state is SessionState.OPEN and self._heartbeat.is_due(now):
            self._ping(now)

    def _ping(self, now: int) -> None:
        self._send(encode(Ping(n=self._heartbeat.ping(now))))

    def _stuck_by(self, now: int) -> int:
        """When the phone will have read nothing for too long."""
        since = self.outbox.stuck_since
        return (now if since is None else since) + self._ports.settings.drain_ms * _NS_PER_MS
