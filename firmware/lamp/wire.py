"""The socket to the broker: never blocks the loop, but for a name look-up, which the chip cannot do otherwise."""

import socket
from asyncio import core  # type: ignore[attr-defined]  # missing in the stubs
from errno import EINPROGRESS

from lamp.outbox import Outbox
from lamp.settings import Settings


class Wire:
    """One connection after another to the one broker. What goes wrong is an OSError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # What the broker's name stands for.
        self._found: "list[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]]" = []
        self._failures = 0
        self._socket: socket.socket = None  # type: ignore[assignment]  # there is one from open() to close()
        self._offered = 0  # how much the socket was offered and did not take; it must be offered just that again

    async def open(self) -> None:
        """Connect. The handshake of TLS goes on under the first reads and writes. Bound it in time from outside."""
        self._failures += 1
        # After 8 failures in a row the broker may have moved. Not sooner: a look-up can block for 5 s (`.local`).
        if not self._found or self._failures % 8 == 0:
            settings = self._settings
            self._found = socket.getaddrinfo(settings.host, settings.port, 0, socket.SOCK_STREAM)
        elif self._failures > 1:
            self._found.append(self._found.pop(0))  # another of its addresses: a broker may listen on IPv4 alone
        found = self._found[0]
        self._socket = plain = socket.socket(*found[:3])
        self._offered = 0
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            plain.connect(found[4])
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
        await self.writable()  # or refused, which the first read tells; no broker speaks first
        if plain.readinto(bytearray(1)) is not None:
            raise OSError("closed by the broker")
        if self._settings.has_tls:
            from lamp.secure import secured  # noqa: PLC0415 -- see there

            try:
                self._socket = secured(plain, self._settings)
            except ValueError as error:
                raise _refused(error)  # noqa: B904 -- MicroPython has no `from`

    def read(self, room: memoryview) -> int:
        """Read what is there into `room`; 0 where nothing is. Raises OSError once the broker has closed."""
        try:
            count = self._socket.readinto(room)
        except ValueError as error:
            raise _refused(error)  # noqa: B904 -- as above
        if count == 0:
            raise OSError("closed by the broker")
        self._failures = 0
        return count or 0

    def send(self, outbox: Outbox) -> bool:
        """Give the socket what waits in the outbox; False where it did not take all of it now."""
        waiting = outbox.waiting()
        while len(waiting):
            try:
                count = self._socket.write(waiting[: self._offered] if self._offered else waiting)
            except ValueError as error:
                raise _refused(error)  # noqa: B904 -- as above
            if not count:
                self._offered = self._offered or len(waiting)
                return False
            self._offered = 0
            outbox.sent(count)
            waiting = outbox.waiting()
        return True

    def readable(self) -> "core.Task":  # a generator is what MicroPython awaits
        """Wait until there is something to read."""
        yield core._io_queue.queue_read(self._socket)  # noqa: SLF001 -- no public way waits without reading

    def writable(self) -> "core.Task":  # as above
        """Wait until the socket takes bytes."""
        yield core._io_queue.queue_write(self._socket)  # noqa: SLF001 -- as above

    def close(self) -> None:
        """Close the connection, if there is one. No task may be waiting for it."""
        if self._socket:
            self._socket.close()
            self._socket = None  # type: ignore[assignment]  # as above


def _refused(error: ValueError) -> OSError:
    """Give as an OSError what TLS has against a certificate; it comes with the handshake, so with any read or write."""
    return OSError("TLS: " + str(error).strip())
