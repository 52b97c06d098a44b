"""TLS to the broker. Imported only by lights that use it: code, certificate and handshake all take their RAM."""

import gc
import socket
from errno import ENOMEM

import tls

from lamp.date import Date
from lamp.wire import Wire

TYPE_CHECKING = False  # MicroPython evaluates no annotation, and has no `typing`
if TYPE_CHECKING:
    from lamp.memory import Memory
    from lamp.packet import Outbox
    from lamp.settings import Settings
    from lamp.wifi import Wifi

_REFUSALS = (ValueError, MemoryError, OSError)

_contexts: "list[tls.SSLContext]" = []
"""The one, once it is made: each new one would take kilobytes again."""


class SecureWire(Wire):
    """A wire with TLS in it. The handshake goes on under the first reads and writes.

    Where it failed sixteen times in a row, and then for want of memory, it is a MemoryError: to boot anew may help.
    """

    date: Date = None  # type: ignore[assignment]  # there is one from the first `open` on

    def __init__(self, settings: "Settings", wifi: "Wifi", memory: "Memory") -> None:
        Wire.__init__(self, settings, wifi)
        self.memory = memory

    async def open(self) -> None:
        """Set the date by which certificates are judged, and connect."""
        if not self.date:
            self.date = Date(self)
        await self.date.update()
        await Wire.open(self)
        try:
            self._socket = secured(self._plain, self.settings)
        except _REFUSALS as error:
            raise self._refused(error)  # noqa: B904 -- MicroPython has no `from`

    def read(self, room: memoryview) -> int:
        """Read as `Wire` does. Raises OSError, also for what TLS refuses."""
        try:
            return Wire.read(self, room)
        except _REFUSALS as error:
            raise self._refused(error)  # noqa: B904 -- as above

    def send(self, outbox: "Outbox") -> bool:
        """Send as `Wire` does. Raises OSError, also for what TLS refuses."""
        try:
            return Wire.send(self, outbox)
        except _REFUSALS as error:
            raise self._refused(error)  # noqa: B904 -- as above

    def settle(self) -> None:
        """Settle as `Wire` does, and keep the date: the broker's certificate is valid with it."""
        Wire.settle(self)
        self.date.settle()

    def _refused(self, error: Exception) -> OSError:
        """Give an error of TLS as an OSError. The handshake goes on under reads and writes, so each may raise one."""
        if isinstance(error, ValueError):
            if "certificate validity" in str(error):  # "… has expired", "… starts in the future"
                self.date.is_due = True
            return OSError("TLS: " + str(error).strip())
        # 16: the number that mbedTLS gives where a large integer found no memory
        if isinstance(error, OSError) and error.errno not in (ENOMEM, 16) and b"llocation" not in str(error).encode():
            return error
        if self._failures >= 16:
            raise MemoryError("no room for TLS")
        return OSError(ENOMEM)


def secured(plain: socket.socket, settings: "Settings") -> socket.socket:
    """Wrap a socket in TLS that believes in the one CA of the settings, and in no other. Raises OSError.

    Where it fails, and where the handshake does later, the socket stays open.
    """
    if not _contexts:
        _contexts.append(_context(settings.ca))
    gc.collect()  # mbedTLS takes its buffers of 20 kB from the same RAM as the heap
    secure: socket.socket = _contexts[0].wrap_socket(
        plain, server_hostname=settings.host, do_handshake_on_connect=False
    )
    secure.setblocking(False)
    return secure


def _context(file: str) -> "tls.SSLContext":
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]  # missing in the stubs
    with open(file, "rb") as content:
        text = content.read()
    try:
        context.load_verify_locations(text)
    except ValueError:
        raise OSError("the CA's file holds no certificate")  # noqa: B904 -- MicroPython has no `from`
    return context
