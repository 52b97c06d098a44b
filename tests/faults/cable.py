"""A cable between a client and its server that can be cut one way, both ways, or be slow; bytes and order are kept.

While it is cut nobody is told: no FIN, no RST, and new connections are made (the kernel makes them) and stay silent.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

Deed = Callable[[], None]


class Way:
    """One direction. What comes while it is cut waits, and passes in order when it is mended."""

    def __init__(self) -> None:
        self._waiting: deque[Deed] = deque()
        self._delay_s = 0.0
        self._is_cut = False

    def cut(self) -> None:
        """Let nothing through."""
        self._is_cut = True

    def slow(self, delay_s: float) -> None:
        """Let all that comes from now on take so long."""
        self._delay_s = delay_s

    def mend(self) -> None:
        """Be quick and whole again."""
        self._is_cut, self._delay_s = False, 0.0
        while self._waiting:
            self._waiting.popleft()()

    def carry(self, deed: Deed) -> None:
        """Do this at the other end."""
        if not (self._is_cut or self._delay_s or self._waiting):
            deed()
            return
        self._waiting.append(deed)
        asyncio.get_running_loop().call_later(self._delay_s, self._arrive)

    def _arrive(self) -> None:
        if self._waiting and not self._is_cut:
            self._waiting.popleft()()


class Cable:
    """Forwards connections made to `port` on to `target` (host, port). `out`: from the client, `back`: to it."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.out = Way()
        self.back = Way()
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._dials: set[asyncio.Task[None]] = set()
        self._ends: set[_End] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()
        for dial in self._dials:
            dial.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        ends = tuple(self._ends)
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*(end.gone.wait() for end in ends))

    def cut(self) -> None:
        """Cut both ways."""
        self.out.cut()
        self.back.cut()

    def slow(self, delay_s: float) -> None:
        """Be slow both ways."""
        self.out.slow(delay_s)
        self.back.slow(delay_s)

    def mend(self) -> None:
        """Mend both ways."""
        self.out.mend()
        self.back.mend()

    def _answer(self) -> "_End":
        client = _End(self.out, self._ends)
        client.opened = self._dial
        return client

    def _dial(self, client: "_End") -> None:
        client.transport.pause_reading()
        dial = asyncio.create_task(self._join(client), name="cable: dial")
        self._dials.add(dial)
        dial.add_done_callback(self._dials.discard)

    async def _join(self, client: "_End") -> None:
        server = _End(self.back, self._ends)
        try:
            await asyncio.get_running_loop().create_connection(lambda: server, *self._target)
        except OSError:
            client.transport.abort()  # nobody listens there: as if the client had been told so
            return
        client.other, server.other = server, client
        client.transport.resume_reading()


class _End(asyncio.Protocol):
    """One end of a connection; what it hears goes `way` to the `other` end."""

    def __init__(self, way: Way, ends: "set[_End]") -> None:
        self.other: _End | None = None
        self.opened: Callable[[_End], None] = lambda _: None
        self.gone = asyncio.Event()
        self.transport: asyncio.Transport
        self._way = way
        self._ends = ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ends.add(self)
        # Not at once: Python 3.11.2 begins to read after this, even where reading was paused in here.
        asyncio.get_running_loop().call_soon(self.opened, self)

    def data_received(self, data: bytes) -> None:
        if self.other:
            self._way.carry(lambda: self._pass_on(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self._ends.discard(self)
        if self.other:
            self._way.carry(self.other.transport.close)

    def _pass_on(self, data: bytes) -> None:
        if self.other and not self.other.transport.is_closing():
            self.other.transport.write(data)
