"""A home in which all is real: a broker, the bridge, lights on MicroPython, a phone, and Home Assistant beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from presslight.broker.accounts import Accounts
from presslight.cloud.server import BridgeServer
from presslight.cloud.settings import Settings
from presslight.cloud.store.tokens import issue_token
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from presslight.mobile_sim.phone import Phone
from presslight.simulated.simulated_light import SimulatedLight
from tests.homeassistant.client import WAIT_S, Client
from tests.homeassistant.process import HomeAssistantProcess
from tests.homeassistant.releases import Installed


class Broker(Protocol):
    """What a home needs of its broker."""

    @property
    def address(self) -> BrokerAddress:
        """Where it is, without a user."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Home:
    """Its parts; `user` is Home Assistant's at the broker. Every wait is bounded."""

    def __init__(
        self, installed: Installed, broker: Broker, accounts: Accounts, folder: Path, user: str, exits: AsyncExitStack
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.accounts = accounts
        self.user = user
        self.assistant = HomeAssistantProcess(installed, folder / "homeassistant")
        self.bridge: BridgeServer
        self.phone: Phone
        self.kitchen: SimulatedLight
        self._exits = exits

    @property
    def client(self) -> Client:
        """Home Assistant as its owner sees it."""
        return self.assistant.client

    async def start(self) -> None:
        """Start all parts; Home Assistant knows nothing of the broker yet."""
        await self._exits.enter_async_context(self.broker)
        settings = Settings(
            broker=self.broker.address.signed_in_as(BRIDGE_USER, self.accounts.password(BRIDGE_USER)),
            store=self.folder / "presses.db",
        )
        self.bridge = BridgeServer(settings, "127.0.0.1", 0)
        await self.start_bridge()
        self.kitchen = await self.light("kitchen")
        token = issue_token(settings.store, phone="phone")
        self.phone = await self._exits.enter_async_context(Phone(self.bridge.url, token))
        await self._exits.enter_async_context(self.assistant)
        await self.client.sign_up()

    async def light(self, name: str, *, folder: str = "", **more: Any) -> SimulatedLight:
        """A light that is switched on; `folder` is its flash, named like the light if not otherwise."""
        address = self.broker.address.signed_in_as(name, self.accounts.password(name))
        light = SimulatedLight(name, address, self.folder / "lights" / (folder or name), **more)
        return await self._exits.enter_async_context(light)

    async def start_bridge(self) -> None:
        """Start the bridge, again at the same address."""
        self._bridge_exits = await self._exits.enter_async_context(AsyncExitStack())
        await self._bridge_exits.enter_async_context(self.bridge)

    async def stop_bridge(self) -> None:
        """End the bridge."""
        await self._bridge_exits.aclose()

    async def join(self) -> None:
        """Set MQTT up in Home Assistant, with all that its form proposes."""
        flow, proposed = await self.client.mqtt_form()
        said = await self.client.send_form(flow, proposed | self.answers)
        assert said["type"] == "create_entry", said

    @property
    def answers(self) -> dict[str, Any]:
        """What its owner fills into Home Assistant's form."""
        return {
            "broker": self.broker.address.host,
            "port": self.broker.address.port,
            "username": self.user,
            "password": self.accounts.password(self.user),
        }

    async def phone_sees(self, condition: Callable[[Any], bool], light: str = "kitchen") -> None:
        """Wait until the phone shows the light as `condition` says."""
        async with asyncio.timeout(WAIT_S):
            await self.phone.until(lambda lights: light in lights and condition(lights[light]))


@asynccontextmanager
async def open_home(
    installed: Installed, broker: Broker, accounts: Accounts, folder: Path, user: str = HOME_ASSISTANT_USER
) -> AsyncIterator[Home]:
    """A home that runs, MQTT not yet set up in Home Assistant."""
    async with AsyncExitStack() as exits:
        made = Home(installed, broker, accounts, folder, user, exits)
        await made.start()
        yield made
