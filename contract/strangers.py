"""Connections of those who have not signed in: bounded in all and by address, so that newcomers always find room. Pure.

Where there is no room the oldest goes, of the address that has too many or of all. Who has signed in is not among them.
"""

from collections import OrderedDict
from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address

_OF_NETWORK = 64
"""Bits of an IPv6 address that tell one customer from another; all others a single machine may choose."""


class Strangers:
    """At most `most` in all, and at most `most_of_one` of one address.

    This machine's own addresses are bounded by `most` alone: behind one may be a proxy with everybody.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._all: OrderedDict[Hashable, str] = OrderedDict()
        self._of: dict[str, OrderedDict[Hashable, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def come(self, one: Hashable, host: str | None) -> Hashable | None:
        """Take in `one`, who came from `host`. Answers who has to go for it, if anybody; that one is taken out."""
        self.leave(one)
        origin = origin_of(host)
        same = self._of.setdefault(origin, OrderedDict())
        self._all[one] = origin
        same[one] = None
        if origin and len(same) > self._most_of_one:
            return self._oldest(same)
        return self._oldest(self._all) if len(self._all) > self._most else None

    def leave(self, one: Hashable) -> None:
        """`one` has signed in, or is gone; nothing happens where it has left before."""
        origin = self._all.pop(one, None)
        if origin is not None:
            same = self._of[origin]
            del same[one]
            if not same:
                del self._of[origin]

    def _oldest(self, some: "OrderedDict[Hashable, str] | OrderedDict[Hashable, None]") -> Hashable:
        one = next(iter(some))
        self.leave(one)
        return one


def origin_of(host: str | None) -> str:
    """The key of a shared bound: an IPv4 address, the /64 network of an IPv6 one; empty for this machine."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return "" if address.is_loopback else str(int(address) >> (128 - _OF_NETWORK))
        address = address.ipv4_mapped
    return "" if address.is_loopback else str(address)
