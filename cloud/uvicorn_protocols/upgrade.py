"""Requests that offer an Upgrade (RFC 9110, 7.8): a WebSocket handshake is checked, others are declined. Pure."""

from collections.abc import Iterable
from typing import TypeAlias

from presslight.contract.errors import ErrorCode

NO_HANDSHAKE = "this is no handshake of a WebSocket"

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
"""Names in lower case, and values."""

_READ_BY_WEBSOCKETS = (b"connection", b"upgrade", b"sec-websocket")
"""Headers that the library websockets parses, and quotes in its errors."""


def handshake_error(headers: Headers) -> tuple[ErrorCode, str] | None:
    """Return code and detail where the library websockets would fail, or answer in plain text; None for a handshake."""
    read = [(name, value) for name, value in headers if name.startswith(_READ_BY_WEBSOCKETS)]
    if not all(value.isascii() for _, value in read):
        return ErrorCode.MALFORMED, NO_HANDSHAKE
    if [value for name, value in read if name == b"sec-websocket-version"] != [b"13"]:  # RFC 6455, 4.4
        return ErrorCode.UPGRADE_REQUIRED, ""
    return None


def head_without_upgrade(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """Serialize a request's head without its Upgrade: a server may ignore that (RFC 9110, 7.8)."""
    lines = (name + b": " + value + b"\r\n" for name, value in headers if name != b"upgrade")
    return b"".join([method, b" ", url, b" HTTP/", version.encode(), b"\r\n", *lines, b"\r\n"])
