"""Connections that say nothing of use, more of them than files: whoever signs in finds room, and nobody else goes."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from broker.accounts import CREDENTIALS, Accounts
from broker.ports import free
from cloud.tokens import issue_token
from contract.address import BrokerAddress
from contract.topics import BRIDGE_USER
from presslight.store_address import store_of
from tests.cloud.fake_light import FakeLight
from tests.cloud.ports import key
from tests.cloud.raw_phone import UPGRADE, WAIT_S, RawPhone

SOFT, HARD = 64, 256
CROWD = 300
KEPT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDLE = {"nothing": b"", "half a request": KEPT[:-2], "a request before": KEPT, "no hello": UPGRADE}
HALF_A_CONNECT = b"\x10\x20\x00\x04MQTT"


class Up(NamedTuple):
    """A stack that runs: where it is, and what may sign in."""

    url: str
    port: int
    broker: BrokerAddress
    accounts: Accounts
    token: str
    log: Path
    exits: AsyncExitStack

    async def crowd(self, port: int, sent: bytes, count: int = CROWD) -> list[asyncio.StreamReader]:
        """Connections that send this and nothing more."""
        readers = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            self.exits.callback(writer.close)
            writer.write(sent)
            readers.append(reader)
        return readers

    async def light(self, name: str) -> FakeLight:
        address = self.broker.signed_in_as(name, self.accounts.password(name))
        return await self.exits.enter_async_context(FakeLight(name, address))

    async def phone(self) -> RawPhone:
        return await self.exits.enter_async_context(RawPhone(self.url, self.token))


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    """`presslight up` with few files and the embedded broker."""
    accounts = Accounts.make(["kitchen", "hall"], others=[BRIDGE_USER])
    accounts.save(tmp_path / CREDENTIALS)
    broker_port, log = free("127.0.0.1"), tmp_path / "log"
    command = (
        f'ulimit -Sn {SOFT}; ulimit -Hn {HARD}; exec "$0" -m presslight up --lights 0 --port 0 '
        f'--broker-port {broker_port} --state "$1" 2>"$2"'
    )
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, sys.executable, str(tmp_path), str(log), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(WAIT_S), AsyncExitStack() as exits:
            assert process.stdout
            printed = (await process.stdout.readuntil(b"Ctrl-C ends it.")).decode()
            port = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
            assert port, printed
            token = issue_token(store_of(tmp_path), "ann")
            broker = BrokerAddress(host="127.0.0.1", port=broker_port)
            yield Up(f"http://127.0.0.1:{port[1]}", int(port[1]), broker, accounts, token, log, exits)
    finally:
        process.terminate()
        await process.wait()


async def presses(phone: RawPhone, light: FakeLight, number: int) -> None:
    await phone.sees(light.name, online=True)
    await phone.press(number, light=light.name)
    assert (await phone.until("outcome", key=key(number), final=True))["word"] == "applied"


async def test_newcomers_sign_in_and_nobody_who_has_goes(up: Up) -> None:
    hall = await up.light("hall")
    known = await up.phone()
    await presses(known, hall, 1)
    crowds = [await up.crowd(up.port, sent, CROWD // len(IDLE)) for sent in IDLE.values()]
    await up.crowd(up.broker.port, HALF_A_CONNECT)
    newcomer = await up.phone()
    await presses(newcomer, hall, 2)
    await presses(newcomer, await up.light("kitchen"), 3)
    await presses(known, hall, 4)
    assert [acted for acted, _, _ in hall.model.acted] == [key(1), key(2), key(4)]
    assert await crowds[0][0].read() == b""
    told = up.log.read_text()
    assert f"may have {HARD} files" in told
    assert "too many connections that do not sign in" in told
    assert len(told.splitlines()) < 30, told
