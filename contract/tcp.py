"""How a TCP connection is set at either end: small frames leave at once, lost ones are sent again soon.

By default the kernel doubles its wait with each packet it sends again, so after 8 s without a network it may be silent
for 5 s more. Measured over real packets: after outages of 8 s the truth was on the screen 0.2-4.7 s after the
network's return without, and 0.1-1.6 s with these.
"""

import socket
import sys
from contextlib import suppress

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- recognised here, not listened on
"""Hosts that mean every address of this machine, and what a client of this machine connects to instead."""

RTO_MAX_MS = 1_000
"""The longest wait before a packet is sent again."""

RECEIVE_BUFFER_BYTES = 65_536
"""The kernel's, of a connection to one of our servers: as much as is read at once (0.1 ms), and more than anybody may
send unanswered. By itself the kernel would let it grow to 32 MB."""

_THIN_LINEAR_TIMEOUTS = 16  # Linux: the first six waits of a connection with little to send are equally long
_RTO_MAX = 44  # Linux 6.15 and later


def reachable(host: str) -> str:
    """The address at which clients of this machine reach a server that listens on `host`."""
    return EVERYWHERE.get(host, host)


def has_rto_max() -> bool:
    """Whether this kernel keeps to RTO_MAX_MS."""
    with socket.socket() as sock:
        tune(sock)
        try:
            return sys.platform == "linux" and sock.getsockopt(socket.IPPROTO_TCP, _RTO_MAX) == RTO_MAX_MS
        except OSError:
            return False


def tune(sock: socket.socket) -> None:
    """Set a socket; what is accepted from a listening one is set so, too. What a kernel does not know is left out."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        for option, value in ((_THIN_LINEAR_TIMEOUTS, 1), (_RTO_MAX, RTO_MAX_MS)):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def tune_listening(listener: socket.socket) -> None:
    """Set a listening socket that anybody may connect to."""
    tune(listener)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
