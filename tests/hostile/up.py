"""`presslight up` as a process of its own, with lights and phones of these tests."""

import asyncio
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER
from presslight.store_address import store_of
from tests import forked
from tests.cloud.fake_light import FakeLight
from tests.cloud.raw_phone import WAIT_S, RawPhone
from tests.hostile.victim import Victim
from tests.ports import lasting


class Up(NamedTuple):
    """Where it is, and what may sign in."""

    url: str
    port: int
    pid: int
    broker: BrokerAddress
    accounts: Accounts
    folder: Path
    exits: AsyncExitStack

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    async def light(self, name: str) -> FakeLight:
        address = self.broker.signed_in_as(name, self.accounts.password(name))
        return await self.exits.enter_async_context(FakeLight(name, address))

    async def phone(self, name: str = "ann") -> RawPhone:
        token = issue_token(store_of(self.folder), name)
        return await self.exits.enter_async_context(RawPhone(self.url, token))

    async def victim(self) -> Victim:
        await self.light("kitchen")
        phone = await self.phone()
        await phone.sees("kitchen", online=True)
        return Victim(phone, "kitchen")

    def target(self) -> dict[str, Any]:
        """What one who floods has: a token and a light's account."""
        return {
            "port": self.port,
            "token": issue_token(store_of(self.folder), "mallory"),
            "broker": self.broker.port,
            "user": "hall",
            "password": self.accounts.password("hall"),
        }


@asynccontextmanager
async def running(
    folder: Path, broker: str = "embedded", program: str = "presslight", logs: str = "console"
) -> AsyncIterator[Up]:
    """Start it in `folder`; `program` is the module that is run in presslight's place."""
    accounts = Accounts.make(["kitchen", "hall"], others=[BRIDGE_USER])
    accounts.save(folder / CREDENTIALS)
    broker_port = lasting()
    where = ("--broker", broker, "--broker-port", str(broker_port), "--state", str(folder), "--logs", logs)
    with (folder / "log").open("wb") as log:
        process = await forked.start(
            *("up", "--lights", "0", "--port", "0", *where), module=program, stdout=PIPE, stderr=log.fileno()
        )
    try:
        async with AsyncExitStack() as exits:
            assert process.stdout
            async with asyncio.timeout(WAIT_S):
                printed = (await process.stdout.readuntil(b"Ctrl-C ends it.")).decode()
            port = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
            assert port, printed
            address = BrokerAddress(host="127.0.0.1", port=broker_port)
            yield Up(f"http://127.0.0.1:{port[1]}", int(port[1]), process.pid, address, accounts, folder, exits)
    finally:
        process.terminate()
        await process.wait()
