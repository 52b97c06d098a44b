"""The phone page's link, as text and as a QR code (ISO/IEC 18004) on a terminal."""

from pathlib import Path

import segno
from rich.console import Console
from rich.text import Text

from presslight.broker.kept_files import PUBLIC, replace_files
from presslight.contract import url as urls
from presslight.contract.errors import Invalid
from presslight.mobile_sim.address import BridgeAddress

RECORD = "page.url"
"""The file in a stack's folder with the address that phones used last, without any token."""

DEFAULT_PORT = 8787
"""The bridge's, unless `up` is told another."""

QUIET_ZONE = 4
"""Light modules around a QR code (ISO/IEC 18004)."""

INK = "#000000 on #ffffff"
"""The colours of a QR code, whatever those of the terminal are."""

_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def page_url(host: str, port: int) -> str:
    """The page's address without a token."""
    return f"http://{urls.authority(host, port)}"


def page_link(url: str, token: str) -> str:
    """The page's address with the token in the fragment, which browsers do not send (RFC 3986, 3.5)."""
    return f"{url}/#token={token}" if token else url


def record_page(folder: Path, url: str) -> None:
    """Write the page's address for `presslight token`. Raises OSError."""
    replace_files({folder / RECORD: url + "\n"}, mode=PUBLIC)


def recorded_page(folder: Path) -> str | None:
    """The last address of this folder's bridge; None without a file, or where it holds no address."""
    try:
        return BridgeAddress.parse((folder / RECORD).read_text(encoding="utf-8").strip()).shown
    except (OSError, UnicodeDecodeError, Invalid):
        return None


def print_qr(link: str, console: Console) -> None:
    """Print the link as a QR code where the terminal can show it, else nothing."""
    lines = qr_code(link)
    able = console.is_terminal and not console.is_dumb_terminal and not console.no_color
    if able and len(lines[0]) <= console.width and console.encoding.startswith("utf"):
        console.print(Text("\n".join(lines), style=INK, no_wrap=True))


def qr_code(link: str) -> list[str]:
    """The lines of a QR code, two modules to a character; black on white once printed so."""
    rows = [bytes(row) for row in segno.make_qr(link).matrix_iter(border=QUIET_ZONE)]
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    return [
        "".join(map(_HALVES.__getitem__, zip(*pair, strict=True))) for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
