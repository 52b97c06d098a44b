"""What `presslight up --home-assistant` prints is what Home Assistant's form asks for."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from presslight.micropython import Command
from tests.homeassistant.client import WAIT_S
from tests.homeassistant.process import HomeAssistantProcess
from tests.homeassistant.releases import Release, installed
from tests.homeassistant.test_home import KITCHEN
from tests.ports import lasting

pytestmark = [pytest.mark.homeassistant, pytest.mark.timeout(300)]

FORM = re.compile(r"^ +(Broker|Port|Username|Password) +(\S+)$", re.MULTILINE)


async def test_form_takes_what_up_prints(release: Release, broker: str, tmp_path: Path, micropython: Command) -> None:
    there = installed(release)
    if there is None:
        pytest.skip(f"Home Assistant ({release}) is not installed here")
    async with up(broker, tmp_path / "state") as printed, HomeAssistantProcess(there, tmp_path / "config") as assistant:
        answers = {name.lower(): status for name, status in FORM.findall(printed)}
        client = assistant.client
        await client.sign_up()
        flow, proposed = await client.mqtt_form()
        said = await client.send_form(flow, proposed | answers | {"port": int(answers["port"])})
        assert said["type"] == "create_entry", said
        await client.until(KITCHEN, lambda state: state is not None and state["state"] in ("on", "off"))
        await client.call("light", "turn_on", entity_id=KITCHEN, brightness=77)
        await client.until_shows(KITCHEN, "on", brightness=77)
        assert await client.cards() == []
        assert assistant.complaints() == []


@asynccontextmanager
async def up(broker: str, state: Path) -> AsyncIterator[str]:
    """What it prints until all of it runs, one light among it."""
    words = ["up", "--home-assistant", "--broker", broker, "--lights", "1", "--state", str(state)]
    at = ["--port", str(lasting()), "--broker-port", str(lasting())]
    command = [sys.executable, "-m", "presslight", *words, *at]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE)
    assert process.stdout
    try:
        async with asyncio.timeout(WAIT_S):
            printed = await process.stdout.readuntil(b"Ctrl-C")
        yield printed.decode()
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
