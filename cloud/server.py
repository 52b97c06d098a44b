"""The HTTP server of the bridge: uvicorn in a running event loop, configured for many phones and low latency.

Without permessage-deflate a phone costs half the memory and its frames leave twice as fast. Without an access log a
press writes nothing.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator
from types import TracebackType
from typing import Any, Self

import uvicorn

from presslight.cloud.app import create_app
from presslight.cloud.bridge import no_preparation
from presslight.cloud.errors import BridgeFailed, CannotListen
from presslight.cloud.settings import Settings
from presslight.cloud.uvicorn_protocols.protocols import protocol_classes
from presslight.cloud.uvicorn_protocols.unauthenticated import ConnectionCounts
from presslight.contract import open_files, tcp
from presslight.contract.url import authority

LONGEST_FRAME_BYTES = 65_536
"""A larger frame closes its socket with 1009 (RFC 6455, 7.4.1)."""

BACKLOG = 4_096
"""Connections that may wait to be accepted."""

ACCEPTED_AT_ONCE = 64
"""Connections that asyncio accepts in one iteration of its loop: of a crowd the oldest leave as others come."""

SEND_BUFFER_BYTES = 65_536
"""SO_SNDBUF of each phone: unread frames wait in its outbox, where a light's newer change replaces the older one."""

IDLE_S = 75
"""Keep-alive timeout: longer than that of clients (5 s) and proxies (60 s), as a request sent to a connection that is
just being closed is lost. Of too many idle connections the oldest leaves."""

SHUTDOWN_S = 1
"""Time limit for open requests when the server stops."""


def serve_options(counts: ConnectionCounts) -> dict[str, Any]:
    """Arguments of `uvicorn.Config` for `create_app`. `counts` counts what is rejected before it is a request."""
    return {
        **protocol_classes(counts),
        "ws_max_size": LONGEST_FRAME_BYTES,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,  # the phone protocol has its own ping
        "lifespan": "on",
        "access_log": False,
        "log_config": None,
        "log_level": "warning",
        "server_header": False,
        "backlog": ACCEPTED_AT_ONCE,
        "timeout_keep_alive": IDLE_S,
        "timeout_graceful_shutdown": SHUTDOWN_S,
    }


class _Server(uvicorn.Server):
    """uvicorn's server, which handles no signals and sets `up` once it listens."""

    def __init__(self, config: uvicorn.Config, up: asyncio.Event) -> None:
        super().__init__(config)
        self._up = up

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set `up`."""
        await super().startup(sockets)
        self._up.set()

    def abort(self) -> None:
        """Abort every connection at once."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class BridgeServer:
    """`async with BridgeServer(settings, "127.0.0.1", 0) as server:` serves at `server.url`. Port 0 takes a free port.

    Raises CannotListen, StoreUnavailable.
    """

    def __init__(
        self,
        settings: Settings,
        host: str = "127.0.0.1",
        port: int = 8787,
        before_forgetting: Callable[[], Awaitable[bool]] = no_preparation,
    ) -> None:
        self.settings = settings
        self.host = host
        self.port = port
        self._before_forgetting = before_forgetting

    @property
    def url(self) -> str:
        """URL for clients on this machine: `http://host:port`."""
        return f"http://{authority(tcp.reachable(self.host), self.port)}"

    async def __aenter__(self) -> Self:
        open_files.raise_limit()
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self.app = create_app(self.settings, self._before_forgetting)
        up = asyncio.Event()
        self._server = _Server(
            uvicorn.Config(self.app, **serve_options(self.app.state.bridge.counts) | {"lifespan": "off"}), up
        )
        self._run = asyncio.create_task(self._serve(listener), name="bridge")
        starting = asyncio.create_task(up.wait())
        try:
            await asyncio.wait([self._run, starting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            starting.cancel()
            if not up.is_set():
                await self._stop()
        listener.listen(BACKLOG)  # asyncio has set it to ACCEPTED_AT_ONCE
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def connections(self) -> Collection[object]:
        """Protocols of the open connections."""
        return self._server.server_state.connections

    async def wait_until_stopped(self) -> None:
        """Return once the server was stopped. Raises BridgeFailed when it ends by itself."""
        await asyncio.wait([self._run])
        if not self._server.should_exit:
            raise BridgeFailed("the bridge ended by itself") from self._run.exception()

    async def _stop(self) -> None:
        """Stop the server, phones first. Raises the error that ended it before, if one did."""
        self.app.state.bridge.ending.set()
        self._server.should_exit = True
        await self._run

    async def _serve(self, listener: socket.socket) -> None:
        with listener:
            async with self.app.router.lifespan_context(self.app):
                try:
                    await self._server.serve(sockets=[listener])
                except asyncio.CancelledError:
                    self._server.abort()
                    raise


def _listen(host: str, port: int) -> socket.socket:
    """Make the listening socket; connections inherit its options. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen("cannot_listen", f"cannot listen on {host}: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        tcp.tune_listening(listener)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(
                "port_in_use", f"port {port} on {host} is in use: name another one with --port (make demo PORT=8788)"
            ) from None
        raise CannotListen("cannot_listen", f"cannot listen on {host} port {port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener
