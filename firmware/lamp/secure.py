"""TLS to the broker. Imported only by lights that use it: code, certificate and handshake all take their RAM."""

import gc
import socket

import tls

from lamp.settings import Settings

_contexts: "list[tls.SSLContext]" = []
"""The one, once it is made: each new one would take kilobytes again."""


def secured(plain: socket.socket, settings: Settings) -> socket.socket:
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
