"""The look-up of the broker's name, beside everything else: the chip's own blocks its loop for 7 s a name server.

Imported only by lights whose broker has a name.
"""

import asyncio
import os
import select
import socket

from lamp import dns, say

EVERYONE = "224.0.0.251"
"""All in the house: who has a name that ends in `.local` answers for itself (mDNS, RFC 6762)."""


async def resolve(name: str, servers: "tuple[str, ...]") -> "tuple[str, ...]":
    """Ask one name server after the other for a name's addresses. Raises OSError, what the last had against it."""
    cause = OSError("no name server")
    for each in (EVERYONE,) if name.lower().rstrip(".").endswith(".local") else servers:
        try:
            return await _answer(each, name)
        except OSError as error:
            cause = error
            say(f"{name}: {error}: {each}")
    raise cause


async def _answer(host: str, name: str) -> "tuple[str, ...]":
    """Ask a name server twice in 3 s. Raises OSError."""
    sent = dns.packet(name, os.urandom(2))
    place = (host, 5353 if host == EVERYONE else 53)
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        plain.setblocking(False)
        if host != EVERYONE:
            plain.connect(place)  # from here on it hears nobody else
        poll = select.poll()  # for `readinto` would join two datagrams, and `recv` takes its room anew each time
        poll.register(plain, select.POLLIN)
        for age in range(0, 3_000, 20):
            if age in (0, 1_000):
                plain.sendto(sent, place)
            await asyncio.sleep_ms(20)  # the chip looks hardly more often whether something has come
            for _ in poll.ipoll(0):
                found = dns.answer(plain.recv(512), sent)
                if found:
                    return found
        raise OSError("the name server is silent")
    finally:
        plain.close()
