import pytest
from hypothesis import given
from hypothesis import strategies as st

from presslight.cloud.errors import IllegalMove
from presslight.cloud.websocket.session_state import SessionState
from presslight.contract.errors import CloseCode
from tests.cloud.websocket.test_session import HELLO, Phone, SessionPorts

AWAITING_HELLO, OPEN, CLOSING, CLOSED = SessionState


@pytest.mark.parametrize(
    ("state", "forbidden"),
    [
        (AWAITING_HELLO, {AWAITING_HELLO}),
        (OPEN, {AWAITING_HELLO, OPEN}),
        (CLOSING, {AWAITING_HELLO, OPEN}),
        (CLOSED, {AWAITING_HELLO, OPEN, CLOSING, CLOSED}),
    ],
)
def test_session_moves_forward_only(state: SessionState, forbidden: set[SessionState]) -> None:
    for wanted in SessionState:
        session = Phone(SessionPorts()).session
        session._state = state
        if wanted in forbidden:
            with pytest.raises(IllegalMove, match=f"from {state.value} to {wanted.value}"):
                session._move_to(wanted)
        else:
            session._move_to(wanted)


CALLS = {
    "hello": lambda phone: phone.send(HELLO),
    "ping": lambda phone: phone.send({"type": "ping", "n": 1}),
    "nonsense": lambda phone: phone.send("?"),
    "binary": lambda phone: phone.session.on_binary(b"", phone.now),
    "too many": lambda phone: phone.session.on_too_many(),
    "revoke": lambda phone: phone.session.revoke(),
    "time": lambda phone: phone.session.on_time(phone.now + 10**12),
}
"""All that can happen to a session before its socket is gone."""


@given(st.lists(st.sampled_from(sorted(CALLS)), max_size=8), st.booleans())
def test_no_order_of_events_is_an_illegal_move(calls: list[str], greeted: bool) -> None:
    phone = Phone(SessionPorts(), greeted=greeted)
    for call in calls:
        CALLS[call](phone)
    phone.session.on_closed()
    for call in calls:
        CALLS[call](phone)
    assert phone.session.state is CLOSED


def test_closed_session_hears_nothing_more_and_owes_nothing() -> None:
    phone = Phone(SessionPorts())
    phone.session.on_closed()
    phone.send({"type": "ping", "n": 1})
    phone.session.on_binary(b"", phone.now)
    phone.session.on_too_many()
    phone.session.revoke()
    phone.session.on_time(phone.now + 10**12)
    assert (phone.session.state, phone.heard(), phone.session.close_code) == (SessionState.CLOSED, [], None)


def test_phone_that_does_not_read_its_own_closing_is_closed_as_slow() -> None:
    phone = Phone(SessionPorts())
    phone.session.revoke()
    assert phone.session.close_code is CloseCode.UNAUTHENTICATED
    phone.session.outbox.stuck_since = phone.now
    phone.session.on_time(phone.now + 10**12)
    assert (phone.session.state, phone.session.close_code) == (SessionState.CLOSING, CloseCode.SLOW)
