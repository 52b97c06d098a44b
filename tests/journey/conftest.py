"""A whole house for each test: broker, bridge and real firmware, and phones to press with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.contract.topics import HOME_ASSISTANT_USER
from presslight.mobile_sim.phone import Phone
from presslight.own_brokers import OWN_BROKERS
from presslight.simulated.simulated_light import SimulatedLight
from presslight.stack import Stack

WAIT_S = 20
"""Bounds every wait in these tests; far over what any takes."""


class House:
    """A running stack, and what a test does with it. Every wait is bounded."""

    def __init__(self, stack: Stack, folder: Path, exits: AsyncExitStack) -> None:
        self.stack = stack
        self.folder = folder
        self.exits = exits

    @property
    def kitchen(self) -> SimulatedLight:
        return self.stack.lights["kitchen"]

    async def phone(self, **options: Any) -> Phone:
        """A new phone that sees the kitchen light online, at a bridge that has found its broker."""
        phone = await self.exits.enter_async_context(Phone(self.stack.url, self.stack.token, **options))
        await self.sees(phone, lambda light: light.online and phone.broker)
        return phone

    async def sees(self, phone: Phone, condition: Callable[[Any], bool], light: str = "kitchen") -> None:
        """Wait until the phone shows the light as `condition` says."""
        async with asyncio.timeout(WAIT_S):
            await phone.until(lambda lights: light in lights and condition(lights[light]))

    async def glows(self, condition: Callable[[int], bool]) -> None:
        """Wait until the kitchen light's PWM duty is as `condition` says."""
        async with asyncio.timeout(WAIT_S):
            await self.kitchen.until(lambda output: condition(output.duty))

    async def mqtt(self, user: str) -> aiomqtt.Client:
        """A bare MQTT client with that user's rights; the password is in the house's folder."""
        accounts = Accounts.load(self.folder / CREDENTIALS)
        assert self.stack.broker
        address = self.stack.broker.address
        client = AiomqttClient(
            address.host, address.port, username=user, password=accounts.password(user), identifier=user
        )
        return await self.exits.enter_async_context(client)


@pytest.fixture(params=OWN_BROKERS)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """One light, the kitchen's, on each broker of our own."""
    accounts = Accounts.make(["kitchen", "rogue"], others=["bridge", HOME_ASSISTANT_USER])
    accounts.save(tmp_path / CREDENTIALS)
    async with AsyncExitStack() as exits:
        stack = await exits.enter_async_context(Stack(broker=request.param, lights=["kitchen"], folder=tmp_path))
        yield House(stack, tmp_path, exits)
