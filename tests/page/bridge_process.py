"""The bridge in a process of its own, so that a test can take it away at once."""

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Self

from cloud.tokens import issue_token
from contract.address import BrokerAddress
from presslight.stack import store_of

URL = re.compile(rb"http://[^/\s]+:(\d+)")
UP_S = 30


class BridgeProcess:
    """`presslight up` with no lights. `link`: the page, with a token; the same port and store at every start."""

    def __init__(self, broker: BrokerAddress, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._port = 0
        self._process: Process | None = None
        self.link = ""

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start it, and wait until it says where its page is."""
        self._folder.mkdir(exist_ok=True)
        address = self._folder / "broker.url"
        address.write_text(self._broker.url())
        address.chmod(0o600)
        options = ("--broker", f"@{address}", "--lights", "0", "--port", str(self._port), "--state", str(self._folder))
        command = (sys.executable, "-m", "presslight", "up", *options)
        self._process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
        async with asyncio.timeout(UP_S):
            url = await self._url(self._process)
        if not self.link:
            self.link = f"{url}/#token={issue_token(store_of(self._folder), phone='page')}"

    async def _url(self, process: Process) -> str:
        assert process.stdout
        async for line in process.stdout:
            if found := URL.search(line):
                self._port = int(found[1])
                return found[0].decode()
        raise AssertionError("the bridge ended before it was up")

    async def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()
