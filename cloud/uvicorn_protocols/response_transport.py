"""A transport for responses: writing to a closed connection is no error."""

import asyncio


class ResponseTransport:
    """The methods of `transport` that a response uses. uvloop's own `write` raises once the transport is closed."""

    __slots__ = ("_transport", "close", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.close = transport.close
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Write, unless the transport is closed."""
        if not self._transport.is_closing():
            self._transport.write(data)
