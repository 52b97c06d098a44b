"""A light that is watched: what it has shown and said in each boot, from a state and settings of the test's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lamp import output, record
from presslight.contract.address import BrokerAddress
from presslight.simulated.chip import RTC
from presslight.simulated.light_output import LightOutput
from presslight.simulated.simulated_light import SimulatedLight

NOWHERE = BrokerAddress(host="127.0.0.1", port=1)
WAIT_S = 20
DIM, DARK = output.duty(True, 100), 0
HEAP = "256k"
SETTINGS = {"name": "kitchen", "host": "127.0.0.1", "port": 1}


def pause(seconds: int) -> str:
    """What it says before a pause."""
    return f"the last start failed: the next one comes in {seconds} s"


@dataclass
class Watch:
    """A light that was on at 100 when its power went, and what it has shown in each boot since."""

    light: SimulatedLight
    duties: list[list[int]] = field(default_factory=lambda: [[]])
    logs: list[str] = field(default_factory=list)
    _us: int = 0
    _lines: int = 0

    def see(self, now: LightOutput) -> None:
        if now.lines != self._lines:
            self.logs.append(now.log)
            if now.log in ("reset", "watchdog"):
                self.duties.append([])
        if now.us not in (0, self._us):
            self.duties[-1].append(now.duty)
        self._us, self._lines = now.us or self._us, now.lines

    async def until(self, condition: Callable[[LightOutput], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.light.until(condition)

    async def says(self, log: str) -> None:
        await self.until(lambda now: now.log == log)

    async def switches(self, duty: int) -> None:
        """Press the button: the output becomes `duty`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.until(lambda now: bool(now.us) and now.duty == duty))
            self.light.press_button()

    def written(self) -> dict[str, bytes]:
        """What lies on the flash, but for the settings and what is no flash."""
        return {path.name: path.read_bytes() for path in self.light.folder.glob("record-*")}

    def epoch(self) -> int:
        note = record.decode((self.light.folder / RTC).read_bytes())
        assert note
        return int(note[1])


@asynccontextmanager
async def watched(
    folder: Path, main: Path | None, settings: str | None = json.dumps(SETTINGS), *, chip: Sequence[str] = ()
) -> AsyncIterator[Watch]:
    """The light runs `main` with these settings; None: there is no such file."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    (folder / "record-1").write_bytes(record.encode(1, 7, (True, 100)))
    light = SimulatedLight("kitchen", NOWHERE, folder, heap=HEAP, main=main, chip=chip)
    light._files = {} if settings is None else {"settings.json": settings}
    seen = Watch(light)
    light.add_watcher(seen.see)
    async with light:
        yield seen
