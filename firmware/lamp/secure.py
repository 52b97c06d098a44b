"""TLS to the broker. Imported only by lights that use it: code, certificate and handshake all take their RAM."""

import gc
import socket
import time

import machine
import tls

from lamp.settings import Settings

_contexts: "list[tls.SSLContext]" = []
"""The one, once it is made: each new one would take kilobytes again."""


def secured(plain: socket.socket, settings: Settings) -> socket.socket:
    """Wrap a socket in TLS that believes in the one CA of the settings, and in no other. Raises OSError.

    Where it fails, and where the handshake does later, the socket stays open.
    """
    if not _contexts:
        _set_date(settings.flashed)
        _contexts.append(_context(settings.ca))
    gc.collect()  # mbedTLS takes its buffers of 20 kB from the same RAM as the heap
    wrapped: socket.socket = _contexts[0].wrap_socket(
        plain, server_hostname=settings.host, do_handshake_on_connect=False
    )
    wrapped.setblocking(False)
    return wrapped


def _context(file: str) -> "tls.SSLContext":
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]  # missing in the stubs
    with open(file, "rb") as content:
        certificate = content.read()
    try:
        context.load_verify_locations(certificate)
    except ValueError:
        raise OSError("the CA's file holds no certificate")  # noqa: B904 -- MicroPython has no `from`
    return context


def _set_date(flashed: int) -> None:
    """Let the chip's date not lie before that of its flashing (unix seconds).

    A chip boots in the year 2000 and then refuses each certificate as not valid yet (since MicroPython 1.23).
    """
    seconds = flashed - (946_684_800 if time.gmtime(0)[0] == 2000 else 0)
    if time.time() < seconds:
        now = time.gmtime(seconds)  # year, month, day, hour, minute, second, weekday, …
        machine.RTC().datetime((now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0))
