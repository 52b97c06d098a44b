"""Both brokers, and clients for them: `aiomqtt` for what clients do, `Wire` for what they should not."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.own_brokers import OWN_BROKERS
from tests.broker.clients import Client, Wire, connect_packet

Broker: TypeAlias = Mosquitto | EmbeddedBroker
Connect: TypeAlias = Callable[..., Client]
OpenWire: TypeAlias = Callable[..., Wire]


@pytest.fixture
def accounts() -> Accounts:
    return Accounts.make(["kitchen", "hall"], others=["bridge", "bridge-watch", "homeassistant"])


MAKERS: dict[str, Callable[[Accounts], Broker]] = {
    "mosquitto": lambda accounts: Mosquitto(accounts, log_packets=True),
    "embedded": EmbeddedBroker,
}
"""One for each of OWN_BROKERS."""


@pytest.fixture(params=OWN_BROKERS)
async def broker(request: pytest.FixtureRequest, accounts: Accounts) -> AsyncIterator[Broker]:
    """Each test that asks for it runs against each of our own brokers."""
    async with asyncio.timeout(60), MAKERS[request.param](accounts) as running:
        yield running


@pytest.fixture
async def embedded(accounts: Accounts) -> AsyncIterator[EmbeddedBroker]:
    async with asyncio.timeout(60), EmbeddedBroker(accounts) as running:
        yield running


@pytest.fixture
async def kept(accounts: Accounts, tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A Mosquitto that keeps what is retained."""
    async with asyncio.timeout(60), Mosquitto(accounts, tmp_path / "mosquitto") as running:
        yield running


@pytest.fixture
def connect(broker: Broker, accounts: Accounts) -> Connect:
    """`async with connect("kitchen") as client`."""
    return lambda user, **more: Client(broker.address.signed_in_as(user, accounts.password(user)), **more)


@pytest.fixture
def wire(broker: Broker, accounts: Accounts) -> OpenWire:
    """`async with wire("kitchen", will=…) as raw`: bytes in and out; without a user, before any CONNECT."""
    return wires(broker, accounts)


@pytest.fixture
def opens(embedded: EmbeddedBroker, accounts: Accounts) -> OpenWire:
    """The same of the embedded broker alone."""
    return wires(embedded, accounts)


def wires(broker: Broker, accounts: Accounts) -> OpenWire:
    def opened(user: str | None = None, **more: Any) -> Wire:
        password = accounts.password(user) if user in accounts.users else "wrong"
        return Wire(broker.address, connect_packet(user, password, **more) if user else b"")

    return opened


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test leaves an error in the log, neither ours nor amqtt's nor asyncio's."""
    yield
    assert not [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


class Heard(logging.Handler):
    """What was logged, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.put_nowait(record.getMessage())

    async def until(self, words: str) -> str:
        async with asyncio.timeout(10):
            while words not in (line := await self._lines.get()):
                pass
            return line


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, log = Heard(), logging.getLogger("presslight.broker")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.setLevel(before)
    log.removeHandler(handler)
