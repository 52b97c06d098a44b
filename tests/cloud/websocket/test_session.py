import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presslight.cloud.core.allowance import FRAMES_OF_A_STRANGER, HELLO_COST, Allowance
from presslight.cloud.core.presses import Presses
from presslight.cloud.core.principal import Principal
from presslight.cloud.errors import Refusal, StoreUnavailable
from presslight.cloud.settings import Settings
from presslight.cloud.websocket.ports import Subscriber
from presslight.cloud.websocket.session import BAD_FRAMES, Session
from presslight.cloud.websocket.session_state import SessionState
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import MEANINGS, CloseCode, ErrorCode
from presslight.contract.phone import MAX_FRAME_BYTES
from presslight.contract.phone_codec import decode_bridge_frame, encode
from tests.cloud.ports import MS, Harness, S, key
from tests.contract import strategies

SETTINGS = Settings(
    broker=BrokerAddress(host="nowhere", port=1), store=Path("unused"), name="attic", press_rate=2, press_burst=3
)
HELLO = {"type": "hello", "versions": [1], "token": "good"}
PRESS = {"type": "press", "key": key(), "light": "kitchen", "set": {"state": "ON"}}


class SessionPorts:
    """A bridge of one room: the token `good` is Ann's."""

    def __init__(self) -> None:
        self.settings = SETTINGS
        self.harness = Harness()
        self.presses: Presses = self.harness.presses
        self.sessions: set[Subscriber] = set()
        self.within_rate = True
        self.allowance = Allowance.of_token(1_000, 1_000, self.harness.now)
        self.full = False
        self.store_fails = False
        self.errors: list[tuple[str, str | None]] = []
        self.strangers: list[str | None] = []
        self.journeys: list[tuple[int, int | None]] = []

    @property
    def counts(self) -> "SessionPorts":
        return self

    def on_error_sent(self, code: ErrorCode, phone: str | None, key: str | None, detail: str) -> None:
        self.errors.append((code, key))

    def on_defect(self, where: str, error: Exception) -> None:
        raise error

    def shown(self, ms: int, bridge_us: int | None) -> None:
        self.journeys.append((ms, bridge_us))

    def sign_in_failed(self, client: str | None) -> None:
        self.strangers.append(client)

    def principal_of(self, token: str) -> Principal | None:
        if self.store_fails:
            raise StoreUnavailable
        return {"good": Principal("ann"), "other": Principal("bob")}.get(token)

    def is_within_press_rate(self, principal: Principal, now: int) -> bool:
        return self.within_rate

    def allowance_of(self, token: str, now: int) -> Allowance:
        return self.allowance

    def join(self, session: Subscriber) -> None:
        if self.full:
            raise Refusal(ErrorCode.OVERLOADED)
        self.sessions.add(session)

    def leave(self, session: Subscriber) -> None:
        self.sessions.discard(session)


class Phone:
    """A session, and the frames that it sent."""

    def __init__(self, ports: SessionPorts, *, greeted: bool = True) -> None:
        self.ports = ports
        self.wakes = 0
        self.now = ports.harness.now
        self.session = Session(ports, self._wake, self.now)
        if greeted:
            self.send(HELLO)
            self.heard()

    def _wake(self, urgent: bool) -> None:
        self.wakes += 1

    def send(self, frame: Any) -> None:
        self.session.on_text(frame if isinstance(frame, str) else json.dumps(frame), self.now)

    def heard(self) -> list[dict[str, Any]]:
        frames = self.session.outbox.take_frames(1_000)
        for frame in frames:
            decode_bridge_frame(frame)
        return [json.loads(frame) for frame in frames]

    def error(self) -> dict[str, Any]:
        (frame,) = self.heard()
        assert frame["type"] == "error"
        meaning = MEANINGS[ErrorCode(frame["code"])]
        assert frame["retry"] == meaning.retry
        assert frame["message"]
        return frame

    def later(self, ms: int) -> None:
        self.now += ms * MS
        self.session.on_time(self.now)


@pytest.fixture
def ports() -> SessionPorts:
    return SessionPorts()


@pytest.fixture
def phone(ports: SessionPorts) -> Phone:
    return Phone(ports)


def test_hello_is_answered_with_the_house(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    phone.send(HELLO)
    welcome, ping = phone.heard()
    assert welcome["type"] == "welcome"
    assert (welcome["version"], welcome["bridge"], welcome["phone"], welcome["broker"]) == (1, "attic", "ann", True)
    assert welcome["limits"] == {"frame_bytes": 16_384, "presses_per_s": 2, "burst": 3}
    assert [light["id"] for light in welcome["lights"]] == ["kitchen"]
    assert ping == {"type": "ping", "n": 1}
    assert phone.session in ports.sessions
    assert phone.wakes > 0


def test_welcome_leaves_out_what_the_phone_has(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    phone.send(HELLO | {"have": {"kitchen": {"version": [1, 0], "online": True}}})
    assert phone.heard()[0]["lights"] == []


@pytest.mark.parametrize(
    "frame",
    [
        PRESS,
        {"type": "ping", "n": 1},
        {"type": "shown", "key": key(), "ms": 1},
        "",
        "{",
        "[]",
        "null",
        {"type": "no"},
        {},
    ],
)
def test_anything_before_hello_is_refused_and_closes(ports: SessionPorts, frame: Any) -> None:
    phone = Phone(ports, greeted=False)
    phone.send(frame)
    assert phone.error()["code"] == "hello_expected"
    assert (phone.session.state, phone.session.close_code) == (SessionState.CLOSING, CloseCode.HELLO_EXPECTED)
    assert ports.sessions == set()


def test_binary_frame_before_hello_closes(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    phone.session.on_binary(b"x", phone.now)
    assert phone.error()["code"] == "hello_expected"


@pytest.mark.parametrize(
    ("hello", "code", "close"),
    [
        ({"token": "bad"}, "unauthenticated", CloseCode.UNAUTHENTICATED),
        ({"versions": [2, 3]}, "unsupported_version", CloseCode.UNSUPPORTED_VERSION),
        ({"versions": [2], "token": "bad"}, "unsupported_version", CloseCode.UNSUPPORTED_VERSION),
    ],
)
def test_hello_that_cannot_be_welcomed_closes(
    ports: SessionPorts, hello: dict[str, Any], code: str, close: CloseCode
) -> None:
    phone = Phone(ports, greeted=False)
    phone.send(HELLO | hello)
    assert phone.error()["code"] == code
    assert phone.session.close_code is close
    assert not close.reconnect
    assert ports.sessions == set()


@pytest.mark.parametrize("wrong", [{"versions": ["1"]}, {"versions": []}, {"token": 5}, {"have": []}, {"more": 1}])
def test_hello_with_a_bad_field_may_be_said_again(ports: SessionPorts, wrong: dict[str, Any]) -> None:
    phone = Phone(ports, greeted=False)
    phone.send(HELLO | wrong)
    assert phone.error()["code"] == "invalid"
    phone.send(HELLO)
    assert phone.heard()[0]["type"] == "welcome"


def test_hello_that_the_store_cannot_judge_closes_so_that_the_phone_comes_back_soon(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    ports.store_fails = True
    phone.send(HELLO)
    assert phone.error()["code"] == "store_unavailable"
    assert phone.session.close_code is CloseCode.OVERLOADED
    assert phone.session.close_code.reconnect


def test_full_house_closes_so_that_the_phone_comes_back_later(ports: SessionPorts) -> None:
    ports.full = True
    phone = Phone(ports, greeted=False)
    phone.send(HELLO)
    assert phone.error()["code"] == "overloaded"
    assert phone.session.close_code is CloseCode.OVERLOADED
    assert CloseCode.OVERLOADED.reconnect


def test_second_hello_is_refused_and_the_socket_stays(phone: Phone) -> None:
    phone.send(HELLO)
    assert phone.error()["code"] == "hello_again"
    assert phone.session.state is SessionState.OPEN


def test_no_hello_in_time_closes(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    assert phone.session.wake_at(phone.now) == phone.now + 5 * S
    phone.later(4_999)
    assert phone.heard() == []
    phone.later(1)
    assert phone.error()["code"] == "hello_timeout"
    assert phone.session.close_code is CloseCode.HELLO_TIMEOUT


BAD = [
    ("", "malformed", None),
    ("{", "malformed", None),
    ("\ud83d", "malformed", None),
    ("[" * 10_000, "malformed", None),
    ("[]", "invalid", None),
    ("null", "invalid", None),
    ({"type": "dance"}, "unknown_type", None),
    ({"type": "press", "key": key()}, "invalid", key()),
    (PRESS | {"light": "../x"}, "invalid", key()),
    (PRESS | {"light": "bridge"}, "invalid", key()),
    (PRESS | {"set": {"state": "on"}}, "invalid", key()),
    (PRESS | {"set": {"state": "ON", "brightness": 0}}, "invalid", key()),
    (PRESS | {"set": {"state": "ON", "brightness": "1"}}, "invalid", key()),
    (PRESS | {"set": {"state": "ON", "brightness": True}}, "invalid", key()),
    (PRESS | {"set": {"state": "TOGGLE"}}, "invalid", key()),
    (PRESS | {"more": 1}, "invalid", key()),
    (PRESS | {"age_ms": -1}, "invalid", key()),
    (PRESS | {"patience_ms": 10**9}, "invalid", key()),
    (PRESS | {"key": "short"}, "invalid", None),
    (PRESS | {"key": "x" * 100}, "invalid", None),
    (PRESS | {"key": 7}, "invalid", None),
    (PRESS | {"light": "kitchen" * 5_000}, "too_large", None),
    ({"type": "ping"}, "invalid", None),
    ({"type": "ping", "n": 2**40}, "invalid", None),
    ({"type": "shown", "key": key(), "ms": "1"}, "invalid", key()),
]


@pytest.mark.parametrize(("frame", "code", "named"), BAD)
def test_bad_frame_is_answered_and_the_socket_stays(phone: Phone, frame: Any, code: str, named: str | None) -> None:
    phone.send(frame)
    error = phone.error()
    assert (error["code"], error.get("key")) == (code, named)
    phone.send(PRESS)
    assert phone.heard()[0]["status"] == "accepted"
    assert phone.ports.errors == [(code, named)]


any_frames = strategies.phone_frames.map(encode) | st.text(max_size=50) | strategies.damaged("phone")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_frames, max_size=12), st.booleans())
def test_any_frames_in_any_order_are_answered_or_end_it(said: list[str | bytes], greeted: bool) -> None:
    phone = Phone(SessionPorts(), greeted=greeted)
    heard = []
    for frame in said:
        if phone.session.state is SessionState.CLOSING:
            break
        phone.session.on_text(frame.decode("utf-8", "replace") if isinstance(frame, bytes) else frame, phone.now)
        heard += phone.heard()
    errors = [frame["code"] for frame in heard if frame["type"] == "error"]
    assert errors == [code for code, _ in phone.ports.errors]
    assert (phone.session.close_code is not None) == (phone.session.state is SessionState.CLOSING)
    assert len(heard) <= 3 * len(said) + 2


@pytest.mark.parametrize("frame", [{"type": "pong", "n": 7}, {"type": "ping", "n": 7}, PRESS])
def test_frames_over_the_rate_are_told_and_close(ports: SessionPorts, frame: Any) -> None:
    ports.allowance = Allowance.of_token(1, 10, ports.harness.now)
    phone = Phone(ports)
    for _ in range(80 - HELLO_COST):
        phone.send(frame)
    assert "rate_limited" not in [said.get("code") for said in phone.heard()]
    phone.send(frame)
    assert phone.error()["code"] == "rate_limited"
    assert phone.session.close_code is CloseCode.RATE_LIMITED
    assert phone.session.close_code.reconnect


def test_bytes_count_too(ports: SessionPorts) -> None:
    ports.allowance = Allowance.of_token(1, 10, ports.harness.now)
    phone = Phone(ports)
    for _ in range(4):
        phone.send(json.dumps({"type": "ping", "n": 7}) + " " * (MAX_FRAME_BYTES - 30))
    assert phone.heard()[-1]["code"] == "rate_limited"


def test_rate_of_frames_is_a_tokens_over_all_its_sockets(ports: SessionPorts) -> None:
    ports.allowance = Allowance.of_token(1, 10, ports.harness.now)
    one, other = Phone(ports), Phone(ports)
    for _ in range(80 - 2 * HELLO_COST):
        one.send({"type": "ping", "n": 7})
    other.send({"type": "ping", "n": 7})
    assert other.error()["code"] == "rate_limited"
    again = Phone(ports, greeted=False)
    again.send(HELLO)
    assert again.error()["code"] == "rate_limited"
    assert again.session.close_code is CloseCode.RATE_LIMITED
    later = Phone(ports, greeted=False)
    later.session.on_text(json.dumps(HELLO), later.now + 3 * S)
    assert later.heard()[0]["type"] == "welcome"


def test_stranger_may_send_few_frames(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    for _ in range(FRAMES_OF_A_STRANGER + 1):
        phone.session.allowance.takes(1, phone.now)
    phone.send(HELLO)
    assert phone.error()["code"] == "rate_limited"


def test_token_has_a_number_of_sockets_and_the_newest_is_refused(ports: SessionPorts) -> None:
    phones = [Phone(ports) for _ in range(ports.settings.max_sockets)]
    more = Phone(ports, greeted=False)
    more.send(HELLO)
    assert more.error()["code"] == "too_many_sockets"
    assert more.session.close_code is CloseCode.OVERLOADED
    more.session.on_closed()
    assert all(phone.session.state is SessionState.OPEN for phone in phones)
    phones[0].session.on_closed()
    assert Phone(ports).session.state is SessionState.OPEN


def test_frame_of_exactly_the_limit_is_read(phone: Phone) -> None:
    frame = json.dumps(PRESS)
    phone.send(frame + " " * (MAX_FRAME_BYTES - len(frame)))
    assert phone.heard()[0]["status"] == "accepted"
    phone.send(frame + " " * (MAX_FRAME_BYTES - len(frame) + 1))
    assert phone.error()["code"] == "too_large"


def test_binary_frame_is_malformed(phone: Phone) -> None:
    phone.session.on_binary(b"x", phone.now)
    assert phone.error()["code"] == "malformed"


@pytest.mark.parametrize("bad", ["{", json.dumps(HELLO)])
def test_many_bad_frames_in_a_row_close(phone: Phone, bad: str) -> None:
    for _ in range(BAD_FRAMES - 1):
        phone.send(bad)
    phone.send({"type": "ping", "n": 1})
    for _ in range(BAD_FRAMES - 1):
        phone.send(bad)
    assert phone.session.state is SessionState.OPEN
    phone.send(bad)
    assert (phone.session.state, phone.session.close_code) == (SessionState.CLOSING, CloseCode.ABUSE)


def test_press_hears_its_words(phone: Phone) -> None:
    phone.send(PRESS)
    phone.ports.harness.report((key(), "applied"))
    accepted, applied = phone.heard()
    assert (accepted["status"], accepted["final"]) == ("accepted", False)
    assert (applied["status"], applied["final"], applied["version"]) == ("applied", True, [1, 1])
    assert set(applied["legs"]) == {"bridge_us", "light_us", "ack_us"} - {"ack_us"}


@pytest.mark.parametrize(
    ("press", "code"),
    [
        (PRESS | {"light": "cellar"}, "unknown_light"),
        (PRESS | {"not_after": {"boot": "00000001", "up": 10**9}}, "invalid"),
    ],
)
def test_press_that_is_refused_hears_why_with_its_key(phone: Phone, press: Any, code: str) -> None:
    phone.send(press)
    error = phone.error()
    assert (error["code"], error["key"]) == (code, key())
    assert phone.session._watched == set()


def test_press_over_the_rate_is_refused_and_not_stored(phone: Phone) -> None:
    phone.ports.within_rate = False
    for number in range(1, 200):
        phone.send(PRESS | {"key": key(number)})
    errors = phone.heard()
    assert {error["code"] for error in errors} == {"rate_limited"}
    assert [error["key"] for error in errors] == [key(number) for number in range(1, 200)]
    assert phone.session.state is SessionState.OPEN
    assert phone.ports.harness.store.records == {}


def test_key_reused_leaves_the_first_press_watched(phone: Phone) -> None:
    phone.send(PRESS)
    phone.send(PRESS | {"set": {"state": "OFF"}})
    phone.ports.harness.report((key(), "applied"))
    assert [frame.get("status", frame.get("code")) for frame in phone.heard()] == ["accepted", "key_reused", "applied"]


def test_key_of_another_phone_is_forbidden(phone: Phone) -> None:
    phone.send(PRESS)
    other = Phone(phone.ports, greeted=False)
    other.send(HELLO | {"token": "other"})
    other.heard()
    other.send(PRESS)
    assert other.error()["code"] == "forbidden"


def test_ping_is_answered(phone: Phone) -> None:
    phone.send({"type": "ping", "n": 77})
    assert phone.heard() == [{"type": "pong", "n": 77}]


def test_phone_is_pinged_and_its_round_trip_counts_for_the_journey(phone: Phone) -> None:
    phone.now += 30 * MS
    phone.send({"type": "pong", "n": 1})
    phone.send(PRESS | {"age_ms": 5})
    press = phone.ports.presses._open.get(key())
    assert press
    assert press.stamps
    assert press.stamps.before_us == 5_000 + 15_000
    phone.later(5_000)
    assert phone.heard()[-1] == {"type": "ping", "n": 2}


def test_pong_that_nobody_asked_for_counts_for_nothing(phone: Phone) -> None:
    phone.now += 30 * MS
    phone.send({"type": "pong", "n": 9})
    assert phone.session._heartbeat.rtt == 0


def test_silent_phone_is_closed(phone: Phone) -> None:
    for _ in range(2):
        phone.later(5_000)
    assert phone.session.state is SessionState.OPEN
    phone.later(2_500)
    assert phone.heard()[-1]["code"] == "silent_phone"
    assert phone.session.close_code is CloseCode.SILENT
    assert CloseCode.SILENT.reconnect


def test_phone_that_speaks_is_not_silent(phone: Phone) -> None:
    for _ in range(10):
        phone.later(5_000)
        phone.send({"type": "ping", "n": 1})
    assert phone.session.state is SessionState.OPEN


def test_phone_that_reads_nothing_is_closed(phone: Phone) -> None:
    phone.session.outbox.stuck_since = phone.now
    assert phone.session.wake_at(phone.now) <= phone.now + 10 * S
    for _ in range(3):
        phone.later(3_300)
        phone.send({"type": "ping", "n": 1})
    assert phone.session.state is SessionState.OPEN
    phone.later(100)
    assert phone.session.close_code is CloseCode.SLOW
    assert phone.ports.errors[-1][0] == "slow_phone"


def test_shown_is_measured_once_for_a_press_of_this_phone(phone: Phone) -> None:
    phone.send(PRESS)
    phone.ports.harness.now += 3 * MS
    phone.ports.harness.report((key(), "applied"))
    phone.heard()
    phone.send({"type": "shown", "key": key(), "ms": 20})
    assert phone.ports.journeys == [(20, 3_000)]
    assert phone.heard() == []
    phone.send({"type": "shown", "key": key(), "ms": 20})
    assert phone.error()["code"] == "unknown_press"


def test_only_the_newest_presses_are_waited_for_to_be_shown(phone: Phone) -> None:
    for number in range(1, 101):
        phone.send(PRESS | {"key": key(number)})
        phone.ports.harness.report((key(number), "applied"))
    phone.heard()
    for number in (1, 36, 37, 100):
        phone.send({"type": "shown", "key": key(number), "ms": number})
    assert [frame["code"] for frame in phone.heard()] == ["unknown_press", "unknown_press"]
    assert [ms for ms, _ in phone.ports.journeys] == [37, 100]


def test_overload_refuses_the_press_and_the_socket_stays(ports: SessionPorts) -> None:
    ports.harness = Harness(max_open=1)
    ports.presses = ports.harness.presses
    phone = Phone(ports)
    phone.send(PRESS)
    phone.send(PRESS | {"key": key(2)})
    assert [frame.get("status", frame.get("code")) for frame in phone.heard()] == ["accepted", "overloaded"]
    assert phone.session.state is SessionState.OPEN


def test_revoked_token_ends_the_conversation(phone: Phone) -> None:
    phone.session.revoke()
    assert phone.error()["code"] == "unauthenticated"
    assert phone.session.close_code is CloseCode.UNAUTHENTICATED
    phone.session.revoke()
    assert phone.heard() == []


def test_frame_that_comes_after_the_token_was_revoked_does_nothing(phone: Phone) -> None:
    phone.session.revoke()
    phone.heard()
    phone.send(PRESS)
    phone.session.on_binary(b"x", phone.now)
    assert phone.heard() == []
    assert len(phone.ports.presses) == 0


def test_gone_phone_is_forgotten(phone: Phone) -> None:
    phone.send(PRESS)
    phone.heard()
    phone.session.on_closed()
    phone.ports.harness.report((key(), "applied"))
    assert phone.heard() == []
    assert phone.ports.sessions == set()


def test_light_and_status_reach_the_outbox_and_wake_its_writer(phone: Phone) -> None:
    wakes = phone.wakes
    phone.session.send_light("kitchen", "old")
    phone.session.send_light("kitchen", "new")
    assert phone.wakes == wakes + 2
    phone.session.send_broker_status("status")
    assert phone.wakes == wakes + 3
    assert phone.session.outbox.take_frames(9) == ["new", "status"]


def test_press_that_has_its_last_word_is_remembered_no_more(phone: Phone) -> None:
    phone.send(PRESS)
    assert phone.session._watched == {key()}
    phone.ports.harness.report((key(), "applied"))
    assert [frame["status"] for frame in phone.heard()] == ["accepted", "applied"]
    assert phone.session._watched == set()


def test_phone_that_has_not_said_hello_is_not_pinged(ports: SessionPorts) -> None:
    phone = Phone(ports, greeted=False)
    phone.later(4_999)
    assert phone.heard() == []
