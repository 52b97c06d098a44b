"""The broker that a house already has: Home Assistant keeps its user there, with the rights of docs/running.md."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from presslight.broker.accounts import Accounts
from presslight.broker.acl import acl
from presslight.broker.mosquitto import find_mosquitto
from presslight.broker.mosquitto_process import parent_death_prefix
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import BRIDGE_USER
from presslight.micropython import Command
from tests.homeassistant.home import Home, open_home
from tests.homeassistant.releases import Release, installed
from tests.homeassistant.test_home import KITCHEN, works
from tests.ports import lasting

pytestmark = [pytest.mark.homeassistant, pytest.mark.timeout(300)]

RUNNING = Path(__file__).parents[2] / "docs/running.md"
USER = "home-assistant"
OTHERS = "topic readwrite homeassistant/light/#\ntopic readwrite zigbee/#\n"
"""What the house had granted Home Assistant before."""

CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
user root
"""


class HouseBroker:
    """A Mosquitto that is not set up by us, but for the lines that docs/running.md asks for."""

    def __init__(self, accounts: Accounts, folder: Path) -> None:
        self._accounts = accounts
        self._folder = folder
        self._port = 0
        self._process: Process

    @property
    def address(self) -> BrokerAddress:
        """Where it is."""
        return BrokerAddress(host="127.0.0.1", port=self._port)

    async def __aenter__(self) -> Self:
        self._folder.mkdir()
        self._port = lasting()
        self._accounts.save_hashed(self._folder / "passwords")
        (self._folder / "acl").write_text(f"user {USER}\n{OTHERS}{granted()}\n{acl([BRIDGE_USER])}")
        settings = self._folder / "mosquitto.conf"
        settings.write_text(CONFIGURATION.format(port=self._port, folder=self._folder))
        self._process = await asyncio.create_subprocess_exec(
            *parent_death_prefix(), find_mosquitto(), "-c", str(settings), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        await self._process.wait()


def granted() -> str:
    """The lines for the section of Home Assistant's user, as docs/running.md has them."""
    blocks = re.findall(r"^```\n((?:topic .*\n)+)```$", RUNNING.read_text(), re.MULTILINE)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.fixture
async def home(release: Release, tmp_path: Path, micropython: Command) -> AsyncIterator[Home]:
    there = installed(release)
    if there is None:
        pytest.skip(f"Home Assistant ({release}) is not installed here")
    accounts = Accounts.make(["kitchen", USER], others=[BRIDGE_USER])
    async with open_home(there, HouseBroker(accounts, tmp_path / "broker"), accounts, tmp_path, USER) as home:
        yield home


async def test_home_assistant_keeps_its_user_at_the_broker_of_the_house(home: Home) -> None:
    await home.join()
    await home.client.until_shows(KITCHEN, "off")
    await works(home, 60)
    await home.assistant.stop()
    await home.assistant.start()
    await home.client.until_shows(KITCHEN, "on", brightness=60)
    assert await home.client.cards() == []
    assert home.assistant.complaints() == []
