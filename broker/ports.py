"""Listening sockets and free ports."""

import errno
import random
import socket
from contextlib import suppress

from presslight.broker.errors import CannotListen, PortInUse
from presslight.contract import tcp

BACKLOG = 512
HIGHEST_PORT = 65_535
CANDIDATE_PORTS = range(20_000, 32_768)
"""Below the ephemeral port range: by default from 32,768 on Linux, from 49,152 elsewhere."""

ATTEMPTS = 100


def open_listener(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `port` 0: a free one. Raises PortInUse, CannotListen, each with one line of text.

    Its options are set here, as accepted connections inherit them under any event loop.
    """
    if not 0 <= port <= HIGHEST_PORT:
        raise CannotListen(f"there is no port {port}")
    try:
        listener = socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise port_in_use(host, port) from None
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from None
    tcp.tune_listening(listener)
    return listener


def find_free_port(host: str) -> int:
    """A port that was free a moment ago, outside the ephemeral range, so a program that restarts finds it free again.

    Raises PortInUse after ATTEMPTS ports in use, and CannotListen.
    """
    for port in random.sample(CANDIDATE_PORTS, ATTEMPTS):
        with suppress(PortInUse), open_listener(host, port):
            return port
    raise PortInUse(f"no port is free on {host}")


def port_in_use(host: str, port: int) -> PortInUse:
    """The error for a port that another program uses."""
    return PortInUse(f"port {port} on {host} is in use by another program")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
