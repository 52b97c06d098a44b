"""The bridge in a process of its own, so that a test can take it away at once."""

import asyncio
import re
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from presslight.cloud.store.database import Address
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.store_address import store_of
from tests import forked
from tests.forked import Forked
from tests.ports import lasting

URL = re.compile(rb"http://[^/\s]+:(\d+)")
UP_S = 30


class BridgeProcess:
    """`presslight up` with no lights. `link`: the page, with a token; the same port and store at every start.

    `options` are added to those of `up`; `program` is the module that is run in presslight's place. What it logs is
    added to `folder`/bridge.log. `store`: where its presses and tokens are, if not in its folder.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        folder: Path,
        options: Sequence[str] = (),
        program: str = "presslight",
        store: Address | None = None,
    ) -> None:
        self._broker = broker
        self._folder = folder
        self._options = options
        self._program = program
        self.store = store or store_of(folder)
        self.port = lasting()  # it comes back to the same one
        self._process: Forked | None = None
        self.token = ""

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

    @property
    def url(self) -> str:
        """Where it is: http://host:port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """The page, with a token."""
        return f"{self.url}/#token={self.token}"

    @property
    def process(self) -> Forked:
        """The process of its present life, or of the last one."""
        assert self._process
        return self._process

    async def start(self) -> None:
        """Start it, and wait until it says where its page is."""
        self._folder.mkdir(exist_ok=True)
        address = self._folder / "broker.url"
        address.write_text(self._broker.url())
        address.chmod(0o600)
        up = ("up", "--broker", f"@{address}", "--lights", "0", "--port", str(self.port), "--state", str(self._folder))
        words = (*up, "--store", str(self.store), *self._options)
        with (self._folder / "bridge.log").open("ab") as log:
            self._process = await forked.start(*words, module=self._program, stdout=PIPE, stderr=log.fileno())
        async with asyncio.timeout(UP_S):
            self.port = await self._said_port(self._process)
        if not self.token:
            self.token = issue_token(self.store, phone="page")

    async def _said_port(self, process: Forked) -> int:
        assert process.stdout
        async for line in process.stdout:
            if found := URL.search(line):
                return int(found[1])
        raise AssertionError("the bridge ended before it was up")

    async def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()
