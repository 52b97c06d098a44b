"""Homes with a running Home Assistant. `make homeassistant` installs it first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from presslight.micropython import Command
from tests.homeassistant.home import Home, open_home
from tests.homeassistant.releases import RELEASES, Release, installed


@pytest.fixture
def release() -> Release:
    """The newest that there is; a test that is to run with every release takes it as its parameter."""
    return next((release for release in RELEASES if installed(release)), RELEASES[0])


@pytest.fixture(params=["mosquitto", "embedded"])
def broker(request: pytest.FixtureRequest) -> str:
    """The name of each of our two brokers."""
    return str(request.param)


@pytest.fixture
def accounts() -> Accounts:
    """Two lights, of which the kitchen's is there from the start, the bridge, and Home Assistant."""
    return Accounts.make(["kitchen", "hall"], others=[BRIDGE_USER, HOME_ASSISTANT_USER])


@pytest.fixture
def our_broker(broker: str, accounts: Accounts, tmp_path: Path) -> EmbeddedBroker | Mosquitto:
    """One of our two brokers, not started; Mosquitto counts what it refuses, too."""
    if broker == "embedded":
        return EmbeddedBroker(accounts)
    return Mosquitto(accounts, tmp_path / "mosquitto", log_packets=True)


@pytest.fixture
async def empty_home(
    release: Release,
    our_broker: EmbeddedBroker | Mosquitto,
    accounts: Accounts,
    tmp_path: Path,
    micropython: Command,
) -> AsyncIterator[Home]:
    """A home in which Home Assistant runs and does not know the broker yet."""
    there = installed(release)
    if there is None:
        pytest.skip(f"Home Assistant ({release}) is not installed here")
    async with open_home(there, our_broker, accounts, tmp_path) as home:
        yield home


@pytest.fixture
async def home(empty_home: Home) -> Home:
    """A home of which Home Assistant knows the broker, and shows the kitchen's light."""
    await empty_home.join()
    await empty_home.client.until_shows("light.kitchen", "off")
    return empty_home
