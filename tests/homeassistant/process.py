"""A running Home Assistant, in the Debian root that it was installed in; its configuration stays over a restart."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.homeassistant.client import Client
from tests.homeassistant.releases import Installed, environment_of
from tests.ports import lasting

START_S, STOP_S = 120, 60
CONFIGURATION = """
homeassistant:
  name: Home
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: {port}
"""
ABOUT = re.compile(r"mqtt|presslight|kitchen|\blight\b|paho", re.IGNORECASE)
CONFIG = Path("/mnt")
"""Where its configuration is, inside the root."""


class HomeAssistantProcess:
    """`async with HomeAssistantProcess(installed, folder) as process: process.client`.

    `folder` is its configuration, and keeps what it printed. `stop`, `kill` and `start` may be called in between.
    """

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.installed = installed
        self.client: Client
        self._folder = folder
        self._port = 0
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers and has started all its parts."""
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(), stdin=DEVNULL, stdout=output, stderr=output
            )
        try:
            async with asyncio.timeout(START_S):
                await self.client.wait_until_started()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{self.installed} did not start: {self.log[-2_000:]}") from None

    async def stop(self) -> None:
        """Have it end as it does for a restart."""
        process = self._running()
        await self.client.call("homeassistant", "stop")
        async with asyncio.timeout(STOP_S):
            await process.wait()
        self._process = None

    async def kill(self) -> None:
        """End it at once."""
        process = self._running()
        if process.returncode is None:
            process.kill()  # and with it, by its namespace, what it started
        await process.wait()
        self._process = None

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """The warnings and errors in its log that are about MQTT, the lights or us."""
        told = re.split(r"^(?=\d{4}-\d\d-\d\d )", self.log, flags=re.MULTILINE)
        return [each for each in told if re.search(r" (WARNING|ERROR|CRITICAL) \(", each) and re.search(ABOUT, each)]

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = lasting()
        (self._folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self._port))
        self.client = Client(f"http://127.0.0.1:{self._port}")
        try:
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        if self._process:
            await self.kill()
        await self.client.close()

    @property
    def _output(self) -> Path:
        return self._folder / "output.txt"

    def _command(self) -> list[str]:
        program = str(environment_of(self.installed.release) / "bin/hass")
        command = [program, "--config", str(CONFIG), "--skip-pip", "--log-no-color"]
        return self.installed.root.command(command, {}, {self._folder: CONFIG})

    def _running(self) -> Process:
        assert self._process, f"{self.installed} does not run"
        return self._process
