"""The bridge as a server inside a running loop: uvicorn, set up for many phones and short ways.

Without compression a phone costs half the memory and its frames go out twice as fast; without an access log nothing is
written on the path of a press.
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
from presslight.cloud.bridge import nothing
from presslight.cloud.errors import BridgeFailed, CannotListen
from presslight.cloud.settings import Settings
from presslight.cloud.uvicorn_protocols.protocols import protocol_classes
from presslight.cloud.uvicorn_protocols.unauthenticated import ConnectionCounts
from presslight.contract import open_files, tcp
from presslight.contract.url import authority

LONGEST_FRAME_BYTES = 65_536
"""A larger frame closes its socket with 1009."""

BACKLOG = 4_096
"""How many connections may wait to be taken in."""

TAKEN_AT_ONCE = 64
"""So many of these asyncio takes in before it looks after anything else: of a crowd the oldest leave as others come."""

SEND_BUFFER_BYTES = 65_536
"""The kernel's, per phone: what is not read shall wait with us, where a light's old change gives way to its new one."""

IDLE_S = 75
"""A connection between two requests is kept longer than clients (5 s) and proxies (60 s) believe in one: whoever closes
while the other sends loses a request. Of too many, the oldest leaves."""

ENDING_S = 1


def serve_options(counts: ConnectionCounts) -> dict[str, Any]:
    """How uvicorn serves `create_app`: arguments of `uvicorn.Config`. `counts` hears of what is no request at all."""
    return {
        **protocol_classes(counts),
        "ws_max_size": LONGEST_FRAME_BYTES,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,  # the phones' protocol has pings of its own
        "lifespan": "on",
        "access_log": False,
        "log_config": None,
        "log_level": "warning",
        "server_header": False,
        "backlog": TAKEN_AT_ONCE,
        "timeout_keep_alive": IDLE_S,
        "timeout_graceful_shutdown": ENDING_S,
    }


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the program around it and says when it is up."""

    def __init__(self, config: uvicorn.Config, up: asyncio.Event) -> None:
        super().__init__(config)
        self._up = up

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._up.set()

    def drop(self) -> None:
        """Let go of every socket at once."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class BridgeServer:
    """`async with BridgeServer(settings, "127.0.0.1", 0) as bridge:` serves at `bridge.url`. Port 0 takes a free one.

    Raises CannotListen, StoreUnavailable.
    """

    def __init__(
        self,
        settings: Settings,
        host: str = "127.0.0.1",
        port: int = 8787,
        before_forgetting: Callable[[], Awaitable[bool]] = nothing,
    ) -> None:
        self.settings = settings
        self.host = host
        self.port = port
        self._before_forgetting = before_forgetting

    @property
    def url(self) -> str:
        """Where clients of this machine find it: `http://host:port`."""
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
        listener.listen(BACKLOG)  # asyncio has made that as short as what it takes in at once
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def connections(self) -> Collection[object]:
        """The protocols of the connections that are open."""
        return self._server.server_state.connections

    async def watch(self) -> None:
        """Return once it was stopped; raise BridgeFailed when it ends by itself."""
        await asyncio.wait([self._run])
        if not self._server.should_exit:
            raise BridgeFailed("the bridge ended by itself") from self._run.exception()

    async def _stop(self) -> None:
        """End it, phones first. Raises what ended it before."""
        self.app.state.bridge.ending.set()
        self._server.should_exit = True
        await self._run

    async def _serve(self, listener: socket.socket) -> None:
        with listener:
            async with self.app.router.lifespan_context(self.app):
                try:
                    await self._server.serve(sockets=[listener])
                except asyncio.CancelledError:
                    self._server.drop()
                    raise


def _listen(host: str, port: int) -> socket.socket:
    """Make the listening socket; what is set on it holds for every connection. Raises CannotListen."""
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
