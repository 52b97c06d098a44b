import pytest

from presslight.cloud.errors import IllegalMove
from presslight.cloud.websocket.session_state import MOVES, SessionState
from presslight.contract.errors import CloseCode
from tests.cloud.websocket.test_session import Phone, SessionPorts


@pytest.mark.parametrize("state", SessionState)
def test_session_moves_as_stated_and_no_other_way(state: SessionState) -> None:
    for wanted in SessionState:
        session = Phone(SessionPorts()).session
        session._state = state
        if wanted in MOVES[state]:
            session._move_to(wanted)
        else:
            with pytest.raises(IllegalMove, match=f"from {state.value} to {wanted.value}"):
                session._move_to(wanted)


def test_closed_session_hears_nothing_more_and_owes_nothing() -> None:
    phone = Phone(SessionPorts())
    phone.session.gone()
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
