"""A broker's address as people give it to the command: a URL, or `@FILE` that holds one and so keeps it secret."""

from pathlib import Path

from contract.address import BrokerAddress
from contract.errors import Invalid


def read_address(text: str, *, ca_file: Path | None = None) -> BrokerAddress:
    """Read `mqtt[s]://user:password@host:port` or `@FILE`. Raises Invalid, without repeating what may be a password."""
    url = _content(Path(text[1:])) if text.startswith("@") else text
    return BrokerAddress.parse(url, ca_file=str(ca_file) if ca_file else None)


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"the broker's address cannot be read from {file}") from error
