"""A light whose loop stands still boots anew by itself, and one whose loop goes round does not."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from contract.address import BrokerAddress
from presslight import stack
from presslight.glow import Glow
from presslight.micropython import Command
from presslight.simulated_light import SimulatedLight
from presslight.stack import Stack
from tests.firmware.odd_main import written
from tests.journey.conftest import House

NOWHERE = BrokerAddress(host="127.0.0.1", port=1)
WAIT_S = 30
HASTY = """
    from lamp import app
    app.HEARTBEAT_MS = 100
"""
HANG = """
    import channel
    def hang():
        while True:
            pass
    channel.on("hang", hang)
"""


async def seen(light: SimulatedLight, condition: Callable[[Glow], bool]) -> Glow:
    async with asyncio.timeout(WAIT_S):
        return await light.until(condition)


async def test_light_in_an_endless_loop_boots_anew_with_its_state(
    micropython: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = written(tmp_path, HASTY + HANG, watchdog_ms=2_000)
    odd = partial(SimulatedLight, heap="256k", main=main)  # room for that program
    monkeypatch.setattr(stack, "SimulatedLight", odd)
    async with AsyncExitStack() as exits:
        parts = await exits.enter_async_context(Stack(broker="embedded", lights=["kitchen"], folder=tmp_path / "house"))
        house, light = House(parts, tmp_path, exits), parts.lights["kitchen"]
        phone = await house.phone()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(seen(light, lambda glow: glow.log == "flash: kept on 200"))
            await phone.press("kitchen", state="ON", brightness=200)
        epoch = phone.lights["kitchen"].version[0]
        light.tell("hang")
        await seen(light, lambda glow: glow.log == "watchdog")
        await house.sees(phone, lambda shown: shown.online and shown.version[0] == epoch + 1)
        assert (phone.lights["kitchen"].state, phone.lights["kitchen"].brightness) == ("ON", 200)
        assert (await phone.press("kitchen", state="OFF")).word == "applied"


async def test_light_that_only_waits_is_left_alone(micropython: Command, tmp_path: Path) -> None:
    hasty = written(tmp_path, HASTY, watchdog_ms=2_000)
    async with SimulatedLight("kitchen", NOWHERE, tmp_path / "flash", main=hasty) as light:
        pid = light.pid
        await seen(light, lambda glow: glow.lines > 12)  # attempts without a broker, for more than those 2 s
        assert light.pid == pid
