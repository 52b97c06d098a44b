"""This machine's IPv4 addresses in its local networks, found without sending a packet."""

import fcntl
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

from presslight.contract.tcp import EVERYWHERE

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 -- what --lan means
ELSEWHERE = ("192.0.2.1", 9)
"""An unassigned address (TEST-NET-1, RFC 5737): connecting a UDP socket to it selects a route and sends nothing."""

NOT_THERE = "This machine has no address in a local network: nothing else can reach it."

_SIOCGIFADDR = 0x8915  # Linux
_INSIDE = ("docker", "br-", "veth", "virbr", "cni", "podman", "lxc")
"""Prefixes of interfaces to containers and virtual machines of this machine."""


def is_everywhere(host: str) -> bool:
    """Whether a server on `host` listens on every address of this machine."""
    return host in EVERYWHERE


def reached_at(host: str) -> tuple[str, ...]:
    """The addresses for other machines of a server that listens on `host`, the likeliest first."""
    if is_everywhere(host):
        return addresses()
    return () if host == "localhost" or _is_loopback(host) else (host,)


def addresses() -> tuple[str, ...]:
    """This machine's addresses: that of the default route first, then those of its other interfaces."""
    found = dict.fromkeys([*_of_the_way_out(), *_of_interfaces()])
    return tuple(address for address in found if not _is_loopback(address))


def _of_the_way_out() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent, suppress(OSError):
        unsent.connect(ELSEWHERE)
        yield unsent.getsockname()[0]


def _of_interfaces() -> Iterator[str]:
    if sys.platform != "linux":
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an IPv4 address
                if not name.startswith(_INSIDE):
                    answer = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()))
                    yield socket.inet_ntoa(answer[20:24])


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
