"""The look-up of a name, beside everything else: the chip's own blocks its loop for 7 s a name server.

Imported only by lights whose broker has a name, or that ask for the time.
"""

import asyncio
import os
import select
import socket

from lamp import dns, say

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    import network

EVERYONE = "224.0.0.251"
"""All in the house: who has a name that ends in `.local` answers for itself (mDNS, RFC 6762)."""


def name_servers(station: "network.WLAN | None") -> "tuple[str, ...]":
    """Give whom to ask for a name, by IPv4: the network's name server, then its router, which mostly knows too."""
    import network  # noqa: PLC0415 -- the rest of this module needs no radio

    first = network.ipconfig("dns")  # MicroPython tells of one alone
    second = station.ifconfig()[2] if station else first
    found = (first,) if first == second else (first, second)
    return tuple(each for each in found if each[0] != "0" and ":" not in each)


async def resolve(name: str, station: "network.WLAN | None") -> "tuple[str, ...]":
    """Ask one name server after the other for a name's addresses. Raises OSError, what the last had against it.

    `station`: whose network it is; None: one by cable.
    """
    cause = OSError("no name server")
    for each in (EVERYONE,) if name.lower().rstrip(".").endswith(".local") else name_servers(station):
        try:
            sent = dns.packet(name, os.urandom(2))
            found: "tuple[str, ...]" = await answer((each, 5353 if each == EVERYONE else 53), sent, dns.answer, "name")
            return found
        except OSError as error:
            cause = error
            say(f"{name}: {error}: {each}")
    raise cause


async def answer(place: "tuple[str, int]", sent: bytes, read, kind: str):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 -- MicroPython has no type variables
    """Send a datagram to a `kind` of server twice in 3 s, until `read(text, sent)` finds something. Raises OSError."""
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        plain.setblocking(False)
        if place[0] != EVERYONE:
            plain.connect(place)  # from here on it hears nobody else
        poll = select.poll()  # for `readinto` would join two datagrams, and `recv` takes its room anew each time
        poll.register(plain, select.POLLIN)
        for age in range(0, 3_000, 20):
            if age in (0, 1_000):
                plain.sendto(sent, place)
            await asyncio.sleep_ms(20)  # the chip looks hardly more often whether something has come
            for _ in poll.ipoll(0):
                found = read(plain.recv(512), sent)
                if found:
                    return found
        raise OSError(f"the {kind} server is silent")
    finally:
        plain.close()
