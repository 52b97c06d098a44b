"""A real broker, a bridge in this process, fake lights and raw phones."""

import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.broker import Broker
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.cloud.bridge import Bridge
from presslight.cloud.server import BridgeServer
from presslight.cloud.settings import Settings
from presslight.cloud.store.database import Address
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from presslight.own_brokers import OWN_BROKERS
from tests.cloud.fake_light import FakeLight
from tests.cloud.raw_phone import WAIT_S, RawPhone, until
from tests.postgres import PostgresServer

UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: made once, for each client of httpx would read all certificates of this machine."""


def http_client(url: str, headers: dict[str, str]) -> httpx.AsyncClient:
    # The bridge closes a connection that was not used for 5 s, which httpx believes in for as long.
    return httpx.AsyncClient(base_url=url, headers=headers, verify=UNUSED_TLS, limits=httpx.Limits(keepalive_expiry=2))


class House:
    """A broker and, once `open` was awaited, a bridge; lights and phones on demand."""

    def __init__(self, broker: Broker, accounts: Accounts, folder: Path, exits: AsyncExitStack) -> None:
        self.broker = broker
        self.accounts = accounts
        self.folder = folder
        self.exits = exits
        self.server: BridgeServer
        self.token = ""
        self.http: httpx.AsyncClient

    def address(self, user: str) -> BrokerAddress:
        return self.broker.address.signed_in_as(user, self.accounts.password(user))

    def settings(self, **more: Any) -> Settings:
        made = {"broker": self.address(BRIDGE_USER), "store": self.folder / "presses.db"} | more
        return Settings(**made)

    async def open(self, **settings: Any) -> None:
        """Start the bridge."""
        made = self.settings(**settings)
        self.server = await self.exits.enter_async_context(BridgeServer(made, "127.0.0.1", 0))
        self.token = issue_token(made.store, "ann")
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = await self.exits.enter_async_context(http_client(self.server.url, headers))

    @property
    def bridge(self) -> Bridge:
        bridge = self.server.app.state.bridge
        assert isinstance(bridge, Bridge)
        return bridge

    async def light(self, name: str = "kitchen") -> FakeLight:
        """A light that the bridge knows to be online."""
        light = await self.exits.enter_async_context(FakeLight(name, self.address(name)))
        await self.until(lambda: self.is_online(name) and self.bridge.presses.broker)
        return light

    def is_online(self, name: str = "kitchen") -> bool:
        known = self.bridge.presses.lights.by_name.get(name)
        return known is not None and known.live and known.online

    async def phone(self, token: str | None = None, **hello: Any) -> RawPhone:
        return await self.exits.enter_async_context(RawPhone(self.server.url, token or self.token, **hello))

    async def stranger(self) -> RawPhone:
        """A socket on which nothing was said yet."""
        return await self.exits.enter_async_context(RawPhone(self.server.url, None))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the bridge is so."""
        await until(condition)

    async def metric(self, name: str, **labels: str) -> float:
        """A figure as /metrics shows it, 0 if it does not."""
        wanted = {f'{label}="{value}"' for label, value in labels.items()}
        figures = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", (await self.http.get("/metrics")).text, re.MULTILINE)
        return next((float(value) for found, value in figures if wanted <= set(found.split(","))), 0.0)


@pytest.fixture
def database_url(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty PostgreSQL database, which may be as slow as a busy machine makes it."""
    monkeypatch.setattr("presslight.cloud.store.postgres.ANSWER_S", WAIT_S)
    return postgres.new_database()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """Where a store may be, on each of the two databases."""
    url: str = request.getfixturevalue("database_url") if request.param == "postgres" else ""
    return url or tmp_path / "presses.db"


@pytest.fixture
def accounts() -> Accounts:
    return Accounts.make(["kitchen", "hall", "study"], others=[BRIDGE_USER, HOME_ASSISTANT_USER])


@pytest.fixture
async def closed_house(accounts: Accounts, tmp_path: Path) -> AsyncIterator[House]:
    """A house with an embedded broker, its bridge not started."""
    async with AsyncExitStack() as exits:
        broker = await exits.enter_async_context(EmbeddedBroker(accounts))
        yield House(broker, accounts, tmp_path, exits)


@pytest.fixture
async def house(closed_house: House) -> House:
    """A house with an embedded broker and an open bridge."""
    await closed_house.open()
    return closed_house


@pytest.fixture(params=OWN_BROKERS)
async def any_house(request: pytest.FixtureRequest, accounts: Accounts, tmp_path: Path) -> AsyncIterator[House]:
    """A house on each broker of our own, its bridge not started."""
    async with AsyncExitStack() as exits:
        broker = OWN_BROKERS[request.param].make(accounts, tmp_path, "127.0.0.1", 0)
        await exits.enter_async_context(broker)
        yield House(broker, accounts, tmp_path, exits)
