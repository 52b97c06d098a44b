"""Listening sockets and free ports."""

import errno
import random
import socket
from contextlib import suppress

from presslight.broker.errors import CannotListen, PortInUse
from presslight.contract import tcp

BACKLOG = 512
HIGHEST = 65_535
QUIET = range(20_000, 32_768)
"""Below what systems lend to outgoing connections, by default: Linux from 32,768 on, others from 49,152."""

ATTEMPTS = 100


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0 takes a free one. Raises PortInUse, CannotListen, each in one line.

    It is tuned here, as accepted connections inherit that, whatever the event loop does.
    """
    if not 0 <= port <= HIGHEST:
        raise CannotListen(f"there is no port {port}")
    try:
        listener = socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise in_use(host, port) from None
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from None
    tcp.tune_listening(listener)
    return listener


def free(host: str) -> int:
    """A port that was free a moment ago. No outgoing connection takes it, so a program can come back to it.

    Raises PortInUse where too many are in use, and CannotListen.
    """
    for port in random.sample(QUIET, ATTEMPTS):
        with suppress(PortInUse), listen(host, port):
            return port
    raise PortInUse(f"no port is free on {host}")


def in_use(host: str, port: int) -> PortInUse:
    """The error that says so."""
    return PortInUse(f"port {port} on {host} is in use by another program")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
