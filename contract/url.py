"""A URL as people write it, taken apart: each part counts or the URL is refused, none is dropped or changed."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote

_FORM = re.compile(
    r"(?P<scheme>[a-zA-Z]+)://"
    r"(?:(?P<user>[^/?#:]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<host>[^/?#@:\[\]]*))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_NAME = 253
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENCODED_ZONE = re.compile(r"%25(?=.)", re.DOTALL)
_ZONE = re.compile(r"[\w.~-]+", re.ASCII)
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")


class Url(NamedTuple):
    """The parts of a URL; None where it has no such part. `host`: lower case, in its ASCII form, never empty."""

    scheme: str
    user: str | None
    password: str | None
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None


def split(text: str) -> Url:
    """Take a URL apart; user and password are decoded. Raises ValueError, with no word about what stands in it."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("this is no URL")
    host = _bracketed(form["bracketed"]) if form["host"] is None else _name(_ascii(form["host"]))
    port = None if form["port"] is None else int(form["port"])
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError("there is no such port")
    return Url(
        form["scheme"].lower(), _decoded(form["user"]), _decoded(form["password"]), host, port,
        form["path"] or "", form["query"], form["fragment"],
    )  # fmt: skip


def authority(host: str, port: int) -> str:
    """Write `host:port` as it stands in a URL, the zone of an IPv6 address as in RFC 6874."""
    return f"[{host.replace('%', '%25')}]:{port}" if ":" in host else f"{host}:{port}"


def read_host(text: str) -> str:
    """A host as it stands alone, an IPv6 address with brackets or without: as `Url.host`. Raises ValueError."""
    if text.startswith("[") and text.endswith("]"):
        return _bracketed(text[1:-1])
    return _ipv6(text) if ":" in text else _name(_ascii(text))


def _decoded(text: str | None) -> str | None:
    """Undo the percent encoding. Raises ValueError where that would be a guess."""
    if text is None:
        return None
    if _PERCENT.search(text):
        raise ValueError("a % has no two hexadecimal digits behind it")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("what the % signs stand for is no UTF-8") from None


def _ascii(host: str) -> str:
    """A host's name as name services know it: IDNA where it is not ASCII, unless that would make it another name."""
    if host.isascii():
        return host
    name = host.encode("idna")
    if name.decode("idna") != host.lower():
        raise ValueError("the host's name has letters that stand for others: write it as xn--…")
    return name.decode("ascii")


def _name(host: str) -> str:
    """A name, or an IPv4 address: what ends in a number is one of these or nothing."""
    name = host.lower()
    labels = name.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return str(IPv4Address(name))
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("this is no host's name")
    return name


def _bracketed(text: str) -> str:
    """An IPv6 address between brackets: its zone as in RFC 6874 (`fe80::1%25eth0`), or as systems write it."""
    return _ipv6(_ENCODED_ZONE.sub("%", text, count=1))


def _ipv6(text: str) -> str:
    """An IPv6 address, with its zone as systems take it (`fe80::1%eth0`)."""
    address, percent, zone = text.partition("%")
    if percent and not _ZONE.fullmatch(zone):
        raise ValueError("this is no zone of an IPv6 address")
    return f"{IPv6Address(address)}{percent}{zone}"
