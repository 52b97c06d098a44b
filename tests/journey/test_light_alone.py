"""The light in trouble of its own: no name service, an old command in the broker, a house whose clock jumps."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from presslight.contract.address import BrokerAddress
from presslight.contract.topics import HOME_ASSISTANT_USER, SET
from presslight.micropython import Command
from presslight.simulated.simulated_light import SimulatedLight
from tests.journey.conftest import WAIT_S, House

HOUR_S = 3_600


async def test_light_whose_broker_has_no_address_still_has_its_button(micropython: Command, tmp_path: Path) -> None:
    nowhere = BrokerAddress(host="broker.invalid", port=1883)
    async with asyncio.timeout(2 * WAIT_S), SimulatedLight("kitchen", nowhere, tmp_path) as light:
        await light.until(lambda output: output.log.startswith("link lost"))
        light.press_button()
        await light.until(lambda output: output.duty > 0)
        tried = light.output.lines
        await light.until(lambda output: output.lines > tried and output.log.startswith("link lost"))


async def test_command_that_a_broker_kept_does_nothing_to_a_light_that_boots(house: House) -> None:
    phone = await house.phone()
    client = await house.mqtt(HOME_ASSISTANT_USER)
    await house.kitchen.power_cut()
    await house.sees(phone, lambda light: not light.online)
    await client.publish(SET.format(light="kitchen"), '{"state":"ON"}', qos=1, retain=True)
    await house.kitchen.power_on()
    await house.sees(phone, lambda light: light.online)
    await client.publish(SET.format(light="kitchen"), '{"state":"OFF","brightness":77}', qos=1)
    await phone.press("kitchen", state="OFF")
    assert house.kitchen.duty == 0
    assert phone.lights["kitchen"].state == "OFF"


async def test_light_whose_flash_refuses_is_told_as_degraded(house: House, caplog: pytest.LogCaptureFixture) -> None:
    phone = await house.phone()
    boot = phone.lights["kitchen"].bound.boot
    with caplog.at_level(logging.WARNING):
        house.kitchen.chip.words, house.kitchen._heap = ("flash ENOSPC write",), "256k"  # with room for what refuses
        await house.kitchen.power_cut()
        await house.kitchen.power_on()
        await house.sees(phone, lambda light: light.online and light.bound.boot != boot)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {house.stack.token}"}) as client:
        [light] = (await client.get(f"{house.stack.url}/api/lights")).json()["lights"]
        figures = (await client.get(f"{house.stack.url}/metrics")).text
    assert light["degraded"] is True
    assert "presslight_lights_degraded 1.0" in figures
    assert [one.getMessage() for one in caplog.records if "degraded" in one.getMessage()] != []


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
async def test_jump_of_the_wall_clock_changes_nothing(
    house: House, jump_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone's and the bridge's; lights have none."""
    phone = await house.phone()
    assert (await phone.press("kitchen", state="ON")).status == "applied"
    _jump(monkeypatch, jump_s)
    journey = await phone.press("kitchen", state="OFF")
    assert journey.status == "applied"
    assert journey.total_ms is not None
    assert 0 < journey.total_ms < WAIT_S * 1_000
    late = await house.phone()
    assert late.lights["kitchen"].version == phone.lights["kitchen"].version
    assert late.stale_ms() == 0


def _jump(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    def jumped(clock: Callable[[], float], by: float) -> Callable[[], float]:
        return lambda: clock() + by

    monkeypatch.setattr(time, "time", jumped(time.time, seconds))
    monkeypatch.setattr(time, "time_ns", jumped(time.time_ns, seconds * 10**9))
