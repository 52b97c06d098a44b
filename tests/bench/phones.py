"""Phones as thin as they come, so that what is measured is the bridge: one WebSocket each, no rules, no retries."""

import asyncio
import json
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ALL_TOLD_S = 30.0


class ThinPhone:
    """`async with ThinPhone(url, token) as phone:` then `phone.press(…)` and `phone.frames()`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.replace("http", "ws", 1) + "/ws"
        self.token = token
        self.origin = secrets.token_hex(8)
        self.pressed = 0
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await connect(self.url, compression=None, ping_interval=None, max_queue=None)
        await self.socket.send(json.dumps({"type": "hello", "versions": [1], "token": self.token}))
        self.welcome: dict[str, Any] = json.loads(await self.socket.recv())
        self._frames: asyncio.Queue[dict[str, Any] | ConnectionClosed] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen(), name="thin phone")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening])
        await self.socket.close()

    async def press(self, light: str, *, on: bool) -> str:
        """Send one press and give its key, without waiting for anything."""
        self.pressed += 1
        key = f"{self.origin}-{self.pressed}"
        power = "ON" if on else "OFF"
        asked = f'"key":"{key}","light":"{light}","set":{{"state":"{power}"}},"patience_ms":10000'
        await self.socket.send(f'{{"type":"press",{asked}}}')
        return key

    async def knows(self, lights: Sequence[str]) -> None:
        """Return once the bridge has said of each light that it is online: before, it may know none of that name."""
        missing = set(lights) - {view["id"] for view in self.welcome["lights"] if view["online"]}
        while missing:
            frame = await self.next()
            if frame["type"] == "light" and frame["light"]["online"]:
                missing.discard(frame["light"]["id"])

    async def next(self) -> dict[str, Any]:
        """Give the next frame that is not a ping (those are answered). Raises what ended the socket."""
        frame = await self._frames.get()
        if isinstance(frame, ConnectionClosed):
            raise frame
        return frame

    async def _listen(self) -> None:
        try:
            while True:
                frame = json.loads(await self.socket.recv())
                if frame["type"] == "ping":
                    await self.socket.send(f'{{"type":"pong","n":{frame["n"]}}}')
                else:
                    self._frames.put_nowait(frame)
        except ConnectionClosed as ended:
            self._frames.put_nowait(ended)


async def confirmed_per_second(url: str, token: str, lights: Sequence[str], seconds: float, phones: int = 2) -> float:
    """Keep one press in flight per light, spread over a few phones; give last words `applied` per second."""
    async with AsyncExitStack() as exits:
        warm = [await exits.enter_async_context(ThinPhone(url, token)) for _ in range(phones)]
        for phone in warm:
            await phone.knows(lights)
        started = time.monotonic()
        counts = await asyncio.gather(
            *(_keep_pressing(phone, lights[index::phones], started + seconds) for index, phone in enumerate(warm))
        )
        return sum(counts) / (time.monotonic() - started)


async def _keep_pressing(phone: ThinPhone, lights: Sequence[str], until: float) -> int:
    on = dict.fromkeys(lights, True)
    for light in lights:
        await phone.press(light, on=True)
    confirmed, flying = 0, len(lights)
    while flying:
        frame = await phone.next()
        if frame["type"] == "error":
            raise RuntimeError(f"the bridge answered {frame}")
        if frame["type"] != "outcome" or not frame["final"]:
            continue
        if frame["status"] != "applied":
            raise RuntimeError(f"a press was not applied: {frame}")
        confirmed, flying, light = confirmed + 1, flying - 1, frame["light"]
        if time.monotonic() < until:
            on[light] = not on[light]
            await phone.press(light, on=on[light])
            flying += 1
    return confirmed


async def all_told_ms(watchers: Sequence[ThinPhone], presser: ThinPhone, light: str, *, on: bool) -> float:
    """Press once and give the time in ms until the last of the watchers has been told of it."""
    power = "ON" if on else "OFF"

    async def told(phone: ThinPhone) -> float:
        while True:
            frame = await phone.next()
            if frame["type"] == "light" and frame["light"]["id"] == light and frame["light"]["state"] == power:
                return time.monotonic()

    waiting: list[asyncio.Task[float]] = []
    try:
        async with asyncio.timeout(ALL_TOLD_S), asyncio.TaskGroup() as tasks:
            waiting += [tasks.create_task(told(phone), name="a phone that waits to be told") for phone in watchers]
            await asyncio.sleep(0)
            pressed = time.monotonic()
            await presser.press(light, on=on)
    except TimeoutError:
        untold = sum(task.cancelled() for task in waiting)
        raise RuntimeError(f"{untold} of {len(waiting)} phones not told of a press in {ALL_TOLD_S:.0f} s") from None
    return (max(task.result() for task in waiting) - pressed) * 1_000
