"""Under which names the bridge may be asked, and by pages from where. Pure.

A stranger's page can have its own name lead to this machine once it is loaded (DNS rebinding): to the browser the
bridge is that page's own server then, but the name in Host is still the stranger's. An address comes from no DNS, so
each is good there.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

ANY = "*"
"""Stands for every name and every page."""

_HOST = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:\[\]]*))(?::[0-9]{0,5})?")
_LOCALHOST = "localhost"


def names_of_machine(hostname: str) -> tuple[str, ...]:
    """The names by which a local network knows a machine of this host name."""
    own = hostname.lower().rstrip(".")
    return (own, own.partition(".")[0], f"{own.partition('.')[0]}.local") if own else ()


class AllowedHosts:
    """These names, this machine's own in any network, and all addresses."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(_plain(name) for name in names)

    def takes(self, host: str) -> bool:
        """Whether a request with this Host is for us."""
        name = name_in(host)
        return ANY in self._names or (name is not None and (name in self._names or _is_own(name) or _is_address(name)))

    def takes_page(self, origin: str, hosts: Iterable[str]) -> bool:
        """Whether a page of this Origin may ask: it came from a host that the request is for, or from one of ours.

        `hosts`: Host, and what a proxy says that it was. No page can add the latter to a request that it makes
        elsewhere: a browser would ask first (CORS), and the answer is no.
        """
        try:
            name = urlsplit(origin).hostname
        except ValueError:
            return ANY in self._names
        return ANY in self._names or (name is not None and (name in self._names or name in map(name_in, hosts)))


def name_in(host: str) -> str | None:
    """The name or address in a Host header; None where there is none."""
    read = _HOST.fullmatch(host.strip())
    return _plain(read["bracketed"] or read["plain"]) or None if read else None


def is_loopback(name: str | None) -> bool:
    """Whether only this machine itself is called so."""
    if name is None:
        return False
    try:
        address = ip_address(name)
    except ValueError:
        return _is_own(name)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_own(name: str) -> bool:
    return name == _LOCALHOST or name.endswith(f".{_LOCALHOST}")  # RFC 6761: no DNS is asked


def _is_address(name: str) -> bool:
    try:
        ip_address(name.replace("%25", "%"))
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
