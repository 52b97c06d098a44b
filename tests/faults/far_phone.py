"""A phone in a process of its own, so that it can be killed, stopped and put to sleep. Run as a module it is the phone.

One JSON object per line. In: `{"light", "brightness", "patience_ms"}` is a press. Out: `{"open": [key]}` at its
start, what an earlier life had left; `{"screen"}` when that changes; `{"pressed", "key"}` with the time of the finger;
`{"key", "status", "us"}` with each word. SIGUSR1 moves its clocks on by `NAP_S`, as on a device that slept.
"""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from presslight.mobile_sim.clock import now_ms
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.phone import Phone
from tests.faults.handset import NAP_S, Screen, now_us, occurs, screen_of
from tests.faults.truth import History, Press

UP_S = 30


class FarPhone:
    """A handset whose phone is a process; `history` knows its presses by `name`."""

    def __init__(self, name: str, url: str, token: str, journal: Path, history: History) -> None:
        self._name = name
        self._command = (sys.executable, "-m", "tests.faults.far_phone", url, token, str(journal))
        self._history = history
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._beat = asyncio.Event()
        self._screen: Screen = {}
        self._asked: list[Press] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Switch it on; what an earlier life has left open goes on."""
        self._up.clear()
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        self._reading = asyncio.create_task(self._read(self._process), name=self._name)
        if not await occurs(self._up, UP_S):
            await self.kill()
            raise AssertionError(f"{self._name} did not start")

    async def kill(self) -> None:
        """SIGKILL. What it has said is read to the end; no word is owed on presses that its journal does not know."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading:
            await self._reading
        self._screen = {}
        for press in self._mine():
            press.is_lost = not press.is_told

    def nap(self) -> None:
        """Let it, which is stopped, have slept for `NAP_S` when it runs again, before it hears anything."""
        os.kill(self.pid, signal.SIGUSR1)

    async def press(self, press: Press, wait_ms: float) -> None:
        """Make this press; wait for its last word, at most so long."""
        if self._reading is None or self._reading.done():
            self._history.presses.remove(press)  # there is no phone to make it on
            return
        self._asked.append(press)
        self._tell({"light": press.light, "brightness": press.brightness, "patience_ms": press.patience_ms})
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                await self._until(lambda: press.is_told)
        except TimeoutError:
            return

    async def until(self, condition: Callable[[Screen], bool]) -> None:
        """Wait until the screen is so."""
        await self._until(lambda: condition(self._screen))

    async def settled(self) -> None:
        """Wait until every press has its last word."""
        await self._until(lambda: all(press.is_told or press.is_lost for press in self._mine()))

    async def pressing(self) -> None:
        """Wait until a press is under way: the bridge has it, and the phone knows."""
        await self._until(lambda: any(press.status is PhoneStatus.ACCEPTED for press in self._mine()))

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._beat.wait()

    def _mine(self) -> list[Press]:
        return [press for press in self._history.presses if press.phone == self._name]

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process
        assert self._process.stdin
        if self._process.returncode is None:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _read(self, process: Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            self._hear(json.loads(line))
            self._beat.set()
            self._beat = asyncio.Event()
        for press in self._asked:
            press.is_lost = True  # nobody was there any more to make it
        self._asked.clear()

    def _hear(self, said: Any) -> None:
        match said:
            case {"open": keys}:
                for press in self._mine():
                    press.is_lost = press.is_lost and press.key not in keys
                self._up.set()
            case {"screen": screen}:
                self._screen = screen
            case {"pressed": us, "key": key}:
                press = self._asked.pop(0)
                press.finger_us, press.key = us, key
            case {"key": key, "status": status, "us": us}:
                for press in self._mine():
                    if press.key == key:
                        press.hear(PhoneStatus(status), us)


class _Program:
    """The phone itself, in its own process."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def run(self) -> None:
        """Be a phone until stdin ends."""
        flights = self._phone._presses.open
        for flight in flights:
            self._follow(flight)
        _say(open=[flight.frame.key for flight in flights])
        showing = asyncio.create_task(self._show(), name="show")
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            self._obey(json.loads(line))
        showing.cancel()

    def _obey(self, asked: dict[str, Any]) -> None:
        pressed, us = now_ms(), now_us()
        flight = self._phone.begin(state="ON", pressed=pressed, **asked)
        _say(pressed=us, key=flight.frame.key)
        self._follow(flight)

    def _follow(self, flight: InFlightPress) -> None:
        key = flight.frame.key
        flight.on_status = lambda status: _say(key=key, status=status, us=now_us())
        flight.on_status(flight.journey.status)

    async def _show(self) -> None:
        shown: Screen = {}
        while True:
            if (screen := screen_of(self._phone)) != shown:
                shown = screen
                _say(screen=shown)
            await self._phone._next_change()


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _wake_late(*_: object) -> None:
    """Move the clocks that go on while a device sleeps; the one of the timers (CLOCK_MONOTONIC) does not."""
    for name in ("clock_gettime_ns", "time_ns"):
        clock = getattr(time, name)
        setattr(time, name, lambda *which, clock=clock: clock(*which) + NAP_S * 1_000_000_000)


async def _main(url: str, token: str, journal: str) -> None:
    async with Phone(url, token, journal=Path(journal), connect_ms=UP_S * 1_000) as phone:
        await _Program(phone).run()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the test, which ends this one
    signal.signal(signal.SIGUSR1, _wake_late)
    asyncio.run(_main(*sys.argv[1:]))
