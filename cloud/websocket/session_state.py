"""The states of a session, the moves between them, and the errors that close it."""

from enum import Enum

from presslight.contract.errors import CloseCode, ErrorCode


class SessionState(Enum):
    """State of a session, named as RFC 6455 names a connection's (4.1, 7.1.3, 7.1.4); the hello is its handshake."""

    AWAITING_HELLO = "awaiting the hello"
    """No good hello yet."""
    OPEN = "open"
    """The phone was welcomed and is told all that happens."""
    CLOSING = "closing"
    """Nothing is read any more; what is queued is sent, then the socket is closed."""
    CLOSED = "closed"
    """The socket is gone."""

    @property
    def is_over(self) -> bool:
        """Whether frames are ignored."""
        return self in (SessionState.CLOSING, SessionState.CLOSED)


MOVES: dict[SessionState, frozenset[SessionState]] = {
    SessionState.AWAITING_HELLO: frozenset({SessionState.OPEN, SessionState.CLOSING, SessionState.CLOSED}),
    SessionState.OPEN: frozenset({SessionState.CLOSING, SessionState.CLOSED}),
    SessionState.CLOSING: frozenset({SessionState.CLOSING, SessionState.CLOSED}),  # once more: it reads nothing either
    SessionState.CLOSED: frozenset(),
}

CLOSES = {
    ErrorCode.HELLO_EXPECTED: CloseCode.HELLO_EXPECTED,
    ErrorCode.HELLO_TIMEOUT: CloseCode.HELLO_TIMEOUT,
    ErrorCode.UNAUTHENTICATED: CloseCode.UNAUTHENTICATED,
    ErrorCode.UNSUPPORTED_VERSION: CloseCode.UNSUPPORTED_VERSION,
    ErrorCode.SILENT_PHONE: CloseCode.SILENT,
    ErrorCode.SLOW_PHONE: CloseCode.SLOW,
    ErrorCode.OVERLOADED: CloseCode.OVERLOADED,
    ErrorCode.INTERNAL: CloseCode.INTERNAL,
    ErrorCode.STORE_UNAVAILABLE: CloseCode.OVERLOADED,
    ErrorCode.TOO_MANY_SOCKETS: CloseCode.OVERLOADED,
    ErrorCode.RATE_LIMITED: CloseCode.RATE_LIMITED,
}
"""Errors after which the socket is closed, and with which code.

OVERLOADED, STORE_UNAVAILABLE and TOO_MANY_SOCKETS close only a session that is not open yet.
"""
