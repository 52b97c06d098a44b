"""Where an HTTP answer goes: a connection that is gone takes no bytes, and that is no mistake."""

import asyncio


class Outlet:
    """As much of `transport` as an answer uses. uvloop raises where bytes are written to what is closed."""

    __slots__ = ("_transport", "close", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.close = transport.close
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send, unless it is closed."""
        if not self._transport.is_closing():
            self._transport.write(data)
