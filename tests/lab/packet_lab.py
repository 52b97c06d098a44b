"""A slow network of real packets between two namespaces, under the kernel's own TCP."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lab.fate import Weather
from tests.lab.namespace import Namespace
from tests.lab.phone_end import PhoneEnd

ROOT = Path(__file__).resolve().parents[2]
PHONE, HOUSE = "10.77.0.2", "10.77.0.1"
LATE_MS = 25
"""Where more than one packet in a hundred came out so much later than it should, a run says nothing about times."""

Result = TypeVar("Result")


class PacketLab:
    """`async with PacketLab(weather) as lab:` in it this thread is at the house's end.

    What it starts there listens on `lab.host`; `await lab.at_phone(coroutine)` runs a coroutine at the phone's end.
    """

    host = HOUSE

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._exits = AsyncExitStack()
        self._forwarder: Process
        self._phone: PhoneEnd
        self.report: dict[str, Any] = {}
        """What the forwarder did; there once the lab has ended."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            spaces = [Namespace(), Namespace()]
            for space in spaces:
                exits.callback(space.close)
            tuns = [spaces[0].open_tun(PHONE, HOUSE)]
            exits.callback(os.close, tuns[0])
            tuns.append(spaces[1].open_tun(HOUSE, PHONE))
            exits.callback(os.close, tuns[1])
            weather = json.dumps(asdict(self._weather))
            command = (sys.executable, "-m", "tests.lab.forwarder", weather, *map(str, tuns))
            self._forwarder = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, pass_fds=tuns
            )
            exits.push_async_callback(self._end_forwarder)
            self._phone = exits.enter_context(PhoneEnd(spaces[0]))
            exits.enter_context(spaces[1].entered())
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    def url(self, port: int) -> str:
        """Where the phone finds what listens at the house's end."""
        return f"http://{HOUSE}:{port}"

    async def at_phone(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine at the phone's end."""
        return await self._phone.run(story)

    async def say(self, word: str) -> None:
        """Have the network do `cut up`, `cut down`, `mend` or `strand`; on return it does."""
        assert self._forwarder.stdin
        assert self._forwarder.stdout
        self._forwarder.stdin.write(f"{word}\n".encode())
        assert (await self._forwarder.stdout.readline()).decode() == f"{word}\n"

    def is_valid(self) -> bool:
        """Whether the network itself was in time, so that the times measured over it mean something."""
        return bool(self.report and self.report["late_ms"]["p99"] <= LATE_MS)

    async def _end_forwarder(self) -> None:
        assert self._forwarder.stdin
        assert self._forwarder.stdout
        self._forwarder.stdin.close()
        said = await self._forwarder.stdout.read()
        await self._forwarder.wait()
        self.report = json.loads(said or "{}")
        sys.stdout.write(f"the network between phone and house: {json.dumps(self.report)}\n")
