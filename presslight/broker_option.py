"""How a broker is named on the command line: an address, or @FILE with the address, so that no process list shows it."""

from pathlib import Path

from contract.address import BrokerAddress
from contract.errors import Invalid


def read_address(named: str) -> BrokerAddress:
    """Read `mqtt[s]://user:password@host[:port]` or `@FILE`. Raises Invalid, never with the password in its text.

    For `mqtts`, a CA certificate beside the file (the same folder, `ca.crt`) is the one that is trusted.
    """
    if not named.startswith("@"):
        return BrokerAddress.parse(named)
    file = Path(named[1:])
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            f"cannot read the broker's address from {file}: {getattr(error, 'strerror', 'not text')}"
        ) from None
    authority = file.with_name("ca.crt")
    return BrokerAddress.parse(text, ca_file=str(authority) if authority.exists() else None)
