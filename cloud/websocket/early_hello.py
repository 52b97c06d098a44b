"""A hello that comes with the WebSocket's handshake, which spares the phone a round trip. Pure.

A browser can put nothing else into a handshake than the names of subprotocols.
"""

import base64
import binascii
from collections.abc import Iterable

SUBPROTOCOL = "presslight"
"""The one that is picked of those that are offered."""

_PREFIX = "presslight.hello."


def early_hello(offered: Iterable[str]) -> str | None:
    """The frame among the subprotocols that a phone offers, None where there is none; a spoilt one is no good frame."""
    names = (name.removeprefix(_PREFIX) for name in offered if name.startswith(_PREFIX))
    return next(map(_text, names), None)


def _text(encoded: str) -> str:
    """Base64 of the alphabet for URLs, without padding."""
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
