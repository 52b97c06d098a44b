"""How long a command from Home Assistant takes to the light's output: figures, printed and never asserted."""

import asyncio
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from lamp.output import duty
from presslight.simulated.simulated_light import SimulatedLight
from tests.homeassistant.client import WAIT_S, Remote
from tests.homeassistant.home import Home
from tests.homeassistant.test_home import HALL

pytestmark = [pytest.mark.homeassistant, pytest.mark.timeout(300)]

COUNT = 60
PAUSES_MS = {"10 ms after a report": 10, "300 ms after a report": 300}
QOS_1 = Path(__file__).parent / "on_micropython/qos_1.py"


@pytest.mark.parametrize("qos", [0, 1])
async def test_command_and_its_way_to_the_light(home: Home, qos: int) -> None:
    more: dict[str, Any] = {"main": QOS_1, "heap": "128k"} if qos else {}
    hall = await home.light("hall", **more)
    await home.client.until_shows(HALL, "off")
    assert await asked_qos(home) == qos
    async with home.client.remote() as remote:
        for name, pause_ms in PAUSES_MS.items():
            took = [await command_after_a_press(home, hall, remote, pause_ms, index) for index in range(COUNT)]
            tell(home, f"QoS {qos}, {name}", took)
        tell(home, f"QoS {qos}, a slider's steps of 20 ms", await slide(hall, remote))


async def asked_qos(home: Home) -> int:
    """The QoS that Home Assistant was asked for by the hall's light."""
    [device] = [device for device in await home.client.devices() if device["name"] == "hall"]
    info = await home.client.ask("mqtt/device/debug_info", device_id=device["id"])
    return int(info["entities"][0]["discovery_data"]["payload"].get("qos", 0))


async def command_after_a_press(home: Home, light: SimulatedLight, remote: Remote, pause_ms: int, index: int) -> float:
    """A press on the phone makes the light report; the command comes `pause_ms` later. In ms."""
    value = 10 + index
    await home.phone.press("hall", state="ON", brightness=value)
    await asyncio.sleep(pause_ms / 1_000)
    asked = time.monotonic()
    await remote.call("light", "turn_on", entity_id=HALL, brightness=value + 100)
    return await shone(light, value + 100) - asked * 1_000


async def slide(light: SimulatedLight, remote: Remote) -> list[float]:
    """Commands 20 ms apart, as a finger on a slider makes them. In ms, each; one that was never seen is left out."""
    asked, seen = dict[int, float](), dict[int, float]()
    light.add_watcher(lambda output: seen.setdefault(output.duty, output.us / 1_000))
    for value in range(170, 170 + COUNT):  # none that was seen before
        asked[value] = time.monotonic()
        await remote.call("light", "turn_on", entity_id=HALL, brightness=value)
        await asyncio.sleep(0.02)
    await shone(light, 170 + COUNT - 1)
    return [seen[duty(True, value)] - at * 1_000 for value, at in asked.items() if duty(True, value) in seen]


async def shone(light: SimulatedLight, value: int) -> float:
    """When the light's output became this, in ms."""
    async with asyncio.timeout(WAIT_S):
        return (await light.until(lambda output: output.duty == duty(True, value))).us / 1_000


def tell(home: Home, what: str, took: list[float]) -> None:
    """Print it, for `make homeassistant`."""
    cuts = quantiles(took, n=20, method="inclusive")
    where = f"{home.assistant.installed}, {type(home.broker).__name__}"
    print(f"{where}, {what}: p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms, most {max(took):.1f} ms of {len(took)}")  # noqa: T201 -- the figures are for people
