"""The light's socket with TLS: the firmware in 96 kB against Mosquitto, with a CA of the house's own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.accounts import Accounts
from broker.authority import Authority
from broker.mosquitto import Mosquitto
from contract.address import BrokerAddress
from presslight.simulated_light import SimulatedLight

WAIT_S = 30


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[BrokerAddress]:
    """Mosquitto with TLS, for the light `kitchen`; its certificate is for localhost and no other name."""
    accounts = Accounts.make(["kitchen"])
    authority = Authority(tmp_path / "authority")
    authority.create(["localhost"])
    async with Mosquitto(accounts, tls=True, authority=authority) as broker:
        yield broker.tls_address.signed_in_as("kitchen", accounts.password("kitchen"))


async def test_tls_light_finds_its_broker_again_and_again(address: BrokerAddress, tmp_path: Path) -> None:
    named = address.model_copy(update={"host": "localhost"})
    async with SimulatedLight("kitchen", named, tmp_path / "flash") as light, asyncio.timeout(WAIT_S):
        boot = light.pid
        for _ in range(2):
            await light.until(lambda glow: glow.link == "up")
            light.wifi(False)
            await light.until(lambda glow: glow.link == "down")
            light.wifi(True)
        await light.until(lambda glow: glow.link == "up")
        assert light.pid == boot


async def test_wrong_certificate_is_told_and_the_light_goes_on(address: BrokerAddress, tmp_path: Path) -> None:
    async with SimulatedLight("kitchen", address, tmp_path / "flash") as light, asyncio.timeout(WAIT_S):
        boot = light.pid
        await light.until(lambda glow: glow.log.startswith("link lost: TLS: "))
        light.press_button()
        await light.until(lambda glow: glow.duty > 0)
        assert light.pid == boot
