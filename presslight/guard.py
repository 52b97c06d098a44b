"""Access options of `up`: names of the bridge's host, and the token for its metrics."""

from pathlib import Path

from presslight.contract import url as urls
from presslight.contract.errors import Invalid, printable

ANY = "*"
SHORTEST_TOKEN = 16
LONGEST_BYTES = 4_096


def read_allowed_host(text: str) -> str:
    """Read a host name as browsers send it in Host: `xn--…` where it is not ASCII (RFC 5891). Raises Invalid."""
    if text == ANY:
        return text
    try:
        return urls.read_host(text)
    except ValueError:
        shown = printable(text[:80])
        raise Invalid(
            f"--allowed-host is a name like home.example (xn--… with other letters), and not {shown}"
        ) from None


def read_metrics_token(file: Path) -> str:
    """The token in a file. Raises Invalid, OSError."""
    with file.open("rb") as opened:
        token = opened.read(LONGEST_BYTES).decode(errors="replace").strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise Invalid(f"{printable(file)}: a token is {SHORTEST_TOKEN} or more printable characters on one line")
    return token
