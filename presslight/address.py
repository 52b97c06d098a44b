"""A broker's address on the command line: a URL, or `@FILE` with one, which keeps the password secret."""

import ipaddress
import ssl
from pathlib import Path

from presslight.contract import url as urls
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import Invalid, printable
from presslight.terminal.console import parse_path

_LONGEST_ADDRESS = 4_096


def read_address(text: str, *, ca_file: Path | None = None) -> BrokerAddress:
    """Read `mqtt[s]://user:password@host:port` or `@FILE`. Raises Invalid, never with a password in its text."""
    address = _read_file(text[1:]) if text.startswith("@") else BrokerAddress.parse(text)
    if ca_file is None:
        return address
    if not address.tls:
        raise Invalid("a CA (--ca-file) is for a broker that speaks TLS: its address begins with mqtts://")
    _check_certificate(ca_file)
    return address.model_copy(update={"ca_file": str(ca_file)})


def check_host(host: str) -> str:
    """A host name or IP address, in lower case. Raises Invalid for one that no client can reach."""
    bare = read_host(host)
    if _is_nowhere(bare):
        raise Invalid(f"nobody can reach a broker at {bare}: give the address that lights and bridge connect to")
    return bare


def read_host(host: str) -> str:
    """A host name or IP address, in lower case. Raises Invalid."""
    try:
        return urls.read_host(host)
    except ValueError:
        raise Invalid(
            f"a host is a name or an address, like broker.example or 192.168.1.2, not {host[:80]!r}"
        ) from None


def _is_nowhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False  # a name


def _check_certificate(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(file))
    except (OSError, ValueError) as error:
        why = (
            error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else "it is a PEM file"
        )
        raise Invalid(f"the CA's certificate cannot be read from {printable(file)}: {why}") from error


def _read_file(name: str) -> BrokerAddress:
    if not name:
        raise Invalid("the name of the file with the broker's address is empty: @FILE")
    try:
        with parse_path(name).open(encoding="utf-8") as file:
            return BrokerAddress.parse(file.read(_LONGEST_ADDRESS).strip())
    except Invalid as error:
        raise Invalid(f"{printable(name)} does not hold a broker's address: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Invalid(f"the broker's address cannot be read from {printable(name)}: {why}") from error
