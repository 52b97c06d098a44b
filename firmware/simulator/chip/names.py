"""Stand-in for the unix port: do not upload. The chip's own look-up of names, which stops everything else.

`names 1000`: getaddrinfo, and `connect` with a name in place of an address, ask one name server after the other and
wait for it 1, 1, 2 and 3 times so many ms; no task, no interrupt and no watchdog's feeding comes in between
(ports/esp32/modsocket.c, _getaddrinfo_inner calls lwip_getaddrinfo; lwIP's dns_check_entry, DNS_MAX_RETRIES 4). Without
an answer it is OSError(-202), lwIP's EAI_FAIL.
"""

import os
import select
import socket

from network import servers
from usocket import SOCK_DGRAM
from usocket import socket as Kernel  # noqa: N812 -- a class; on MicroPython its name is in lower case

from lamp import dns

_unit_ms = [0]
_place = socket.place


def look_up(host: str) -> str:
    """Give a host's first address. Nothing else goes on meanwhile. Raises OSError."""
    if host.replace(".", "").isdigit():
        return host
    for server in servers[:-1]:
        found = _ask(server, dns.packet(host, os.urandom(2)))
        if found:
            return found[0]
    raise OSError(-202)


def getaddrinfo(host: str, port: int, *_: int) -> list:
    """Look a host up, as the chip does."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, host, (look_up(host), port))]


def place(address: tuple) -> bytes:
    """Give the kernel's address, also where there is a name."""
    return _place((look_up(address[0]), address[1]))


def ask(unit_ms: str) -> None:
    """Wait in units of so many ms."""
    _unit_ms[0] = int(unit_ms)


def _ask(server: str, sent: bytes) -> "tuple[str, ...]":
    plain = Kernel(socket.AF_INET, SOCK_DGRAM)
    try:
        poll = select.poll()
        poll.register(plain, select.POLLIN)
        for units in (1, 1, 2, 3):
            plain.sendto(sent, _place((server, 53)))
            if poll.poll(units * _unit_ms[0]):
                return dns.answer(plain.recv(512), sent)
        return ()
    except OSError:
        return ()
    finally:
        plain.close()


socket.getaddrinfo = getaddrinfo
socket.place = place
