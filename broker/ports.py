"""Listening sockets and free ports."""

import errno
import socket

from broker.errors import CannotListen, PortInUse

BACKLOG = 512
HIGHEST = 65_535
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- recognised here, not listened on
"""Hosts that mean every address of this machine, and what a client of this machine connects to instead."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0 takes a free one. Raises PortInUse, CannotListen, each in one line.

    TCP_NODELAY is set here, as accepted connections inherit it, whatever the event loop does.
    """
    if not 0 <= port <= HIGHEST:
        raise CannotListen(f"there is no port {port}")
    try:
        listener = socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise in_use(host, port) from None
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def free(host: str) -> int:
    """A port that was free a moment ago, for a program that cannot take a listening socket from us."""
    with listen(host, 0) as listener:
        port: int = listener.getsockname()[1]
        return port


def in_use(host: str, port: int) -> PortInUse:
    """The error that says so."""
    return PortInUse(f"port {port} on {host} is in use by another program")


def reachable(host: str) -> str:
    """Where a client of this machine connects to reach a server on `host`."""
    return EVERYWHERE.get(host, host)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
