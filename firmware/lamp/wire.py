"""The socket to the broker. It never blocks the loop."""

import socket
from asyncio import core  # type: ignore[attr-defined]  # missing in the stubs
from errno import EINPROGRESS

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.packet import Outbox
    from lamp.settings import Settings
    from lamp.wifi import Wifi


class Wire:
    """One connection after another to the one broker. What goes wrong is an OSError. With TLS: `lamp.secure`."""

    def __init__(self, settings: "Settings", wifi: "Wifi") -> None:
        self.settings = settings
        self._wifi = wifi
        self._found: "tuple[str, ...]" = ()  # the broker's addresses, the one to try first
        self._failures = 0
        self._plain: socket.socket = None  # type: ignore[assignment]  # there is one from open() to close()
        self._socket = self._plain  # the same, or TLS around it
        self._offered = 0  # how much the socket was offered and did not take; it must be offered just that again

    async def open(self) -> None:
        """Connect. Bound it in time from outside."""
        self._failures += 1
        if not self._found or self._failures % 8 == 0:  # after 8 failures in a row the broker may have moved
            try:
                self._found = await self.look(self.settings.host)
            except OSError:  # it has been told; where nobody knows the name now those addresses stay that were good
                if not self._found:
                    raise
        elif self._failures > 1:
            self._found = self._found[1:] + self._found[:1]  # another of its addresses: one may be dead
        self._socket = self._plain = plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._offered = 0
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            plain.connect((self._found[0], self.settings.port))
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
        await self.writable()  # or refused, which the first read tells; no broker speaks first
        if plain.readinto(bytearray(1)) is not None:
            raise OSError("closed by the broker")

    def read(self, room: memoryview) -> int:
        """Read what is there into `room`; 0 where nothing is. Raises OSError once the broker has closed."""
        count = self._socket.readinto(room)
        if count == 0:
            raise OSError("closed by the broker")
        return count or 0

    def settle(self) -> None:
        """Note that this is the right broker, which lets the light in; whoever else answers is one failure more."""
        self._failures = 0

    def send(self, outbox: "Outbox") -> bool:
        """Give the socket what waits in the outbox; False where it did not take all of it now."""
        waiting = outbox.waiting()
        while len(waiting):
            count = self._socket.write(waiting[: self._offered] if self._offered else waiting)
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
        if self._plain:
            self._socket.close()
            self._plain.close()  # TLS forgets it in a handshake that fails
            self._plain = self._socket = None  # type: ignore[assignment]  # as above

    async def look(self, host: str) -> "tuple[str, ...]":
        """Give a host's addresses, looked up where it is a name. Raises OSError."""
        part = host.split(".")
        if len(part) == 4 and all(each.isdigit() and int(each) < 256 for each in part):
            return (host,)
        from lamp.resolver import resolve  # noqa: PLC0415 -- see there

        return await resolve(host, self._wifi.station)
