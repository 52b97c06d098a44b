"""A slow network where none may be made: a proxy that keeps the bytes as long as TCP would have taken to bring them."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lab.fate import Direction, Weather
from tests.lab.retransmission import Lane
from tests.tcp_server import tcp_server

CHUNK = 65_536
LATE_MS = 25

Result = TypeVar("Result")


class ProxyLab:
    """The same as a PacketLab, as far as it goes: it loses and delays messages, not packets, and cannot `strand`."""

    host = "127.0.0.1"

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._flows = count(1)
        self._exits = AsyncExitStack()
        self._port = 0
        self._house = 0
        self._open = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._lateness: list[float] = []
        self.report: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        for way in self._open.values():
            way.set()
        self._port = await self._exits.enter_async_context(tcp_server(self._serve, self.host))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()
        late = sorted(self._lateness) or [0.0]
        p99, most = late[int(len(late) * 0.99)], late[-1]
        self.report = {"connections": next(self._flows) - 1, "late_ms": {"p99": round(p99, 1), "most": round(most, 1)}}
        sys.stdout.write(f"the proxy between phone and house: {self.report}\n")

    def url(self, port: int) -> str:
        """Where the phone finds what listens on that port."""
        self._house = port
        return f"http://{self.host}:{self._port}"

    async def at_phone(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine; here and there are one."""
        return await story

    async def say(self, word: str) -> None:
        """`cut up`, `cut down` or `mend`."""
        if word == "mend":
            for way in self._open.values():
                way.set()
        else:
            self._open[word.removeprefix("cut ")].clear()

    def is_valid(self) -> bool:
        """Whether the proxy itself was in time."""
        return bool(self.report and self.report["late_ms"]["p99"] <= LATE_MS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flow = next(self._flows)
        house_reader, house_writer = await asyncio.open_connection(self.host, self._house)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(Lane(self._weather, flow, "up"), reader, house_writer))
                ways.create_task(self._carry(Lane(self._weather, flow, "down"), house_reader, writer))
        except* OSError:
            pass  # either side has gone; `suppress` looks into groups only from Python 3.12 on
        finally:
            writer.transport.abort()
            house_writer.transport.abort()

    async def _carry(self, lane: Lane, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliver = asyncio.create_task(self._deliver(lane.direction, under_way, writer))
        try:
            loop = asyncio.get_running_loop()
            while chunk := await reader.read(CHUNK):
                under_way.put_nowait((lane.arrival(loop.time() * 1_000), chunk))
            await under_way.join()
            writer.write_eof()
        finally:
            deliver.cancel()

    async def _deliver(
        self, direction: Direction, under_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, chunk = await under_way.get()
            arrived = asyncio.Event()
            loop.call_at(due / 1_000, arrived.set)
            await arrived.wait()
            self._lateness.append(loop.time() * 1_000 - due)
            await self._open[direction].wait()
            writer.write(chunk)
            under_way.task_done()
