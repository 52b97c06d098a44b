"""The states of a client's connection to the embedded broker, and the moves between them."""

from enum import StrEnum


class ConnectionState(StrEnum):
    """One state from the accepted socket to the closed one."""

    AWAITING_CONNECT = "awaiting CONNECT"
    """No valid CONNECT has been read."""

    CONNECTING = "connecting"
    """The user is authenticated; amqtt reads the rewritten CONNECT."""

    CONNECTED = "connected"
    """Amqtt processes the client's packets."""

    DISCONNECTING = "disconnecting"
    """Amqtt reads the DISCONNECT, after which it publishes no will."""

    RELEASED = "released"
    """Amqtt has closed its side; the socket is still open."""

    CLOSED = "closed"
    """The socket is closed."""


MOVES = {
    ConnectionState.AWAITING_CONNECT: {ConnectionState.CONNECTING, ConnectionState.CLOSED},
    ConnectionState.CONNECTING: {ConnectionState.CONNECTED, ConnectionState.RELEASED, ConnectionState.CLOSED},
    ConnectionState.CONNECTED: {ConnectionState.DISCONNECTING, ConnectionState.RELEASED, ConnectionState.CLOSED},
    ConnectionState.DISCONNECTING: {ConnectionState.RELEASED, ConnectionState.CLOSED},
    ConnectionState.RELEASED: {ConnectionState.CLOSED},
    ConnectionState.CLOSED: set[ConnectionState](),
}
"""The states that may follow each state."""
