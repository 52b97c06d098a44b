"""What a light does all the same on whatever chip: it boots, is pressed once and by its button, and comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from amqtt.mqtt.publish import PublishPacket

from lamp.output import duty
from presslight.contract.mqtt import Report, decode_report
from presslight.simulated.simulated_light import SimulatedLight
from tests.firmware.bare_broker import BareBroker, Visit

NAME = "kitchen"
WAIT_S = 60
FULL, DIM, DARK = duty(True, 255), duty(True, 100), 0


@asynccontextmanager
async def hostile_light(
    folder: Path, *chip: str, main: Path | None = None
) -> AsyncIterator[tuple[SimulatedLight, BareBroker]]:
    """A light on a chip, and its broker."""
    async with (
        asyncio.timeout(WAIT_S),
        BareBroker(NAME) as broker,
        SimulatedLight(NAME, broker.address, folder, chip=chip, main=main) as light,
    ):
        yield light, broker


async def shows(light: SimulatedLight, level: int) -> None:
    """Wait until its output is so; without power it is dark as well, and that is none."""
    await light.until(lambda now: bool(now.us) and now.duty == level)


async def told(visit: Visit, condition: Callable[[Report], bool]) -> Report:
    """The first report that meets the condition; whatever else the light says comes between."""
    while True:
        packet = await visit.hear(PublishPacket)
        if packet.topic_name.endswith("/state") and condition(report := decode_report(bytes(packet.data))):
            return report


async def lives(light: SimulatedLight, broker: BareBroker) -> Visit:
    """It is pressed twice under one key, which acts once, then by its button; gives its link to the broker."""
    visit = await broker.visit()
    first = await visit.welcome()
    key, until = f"{7:016x}-1", {"boot": first.boot, "up": first.up + 30_000}
    message = json.dumps({"state": "ON", "brightness": 100, "key": key, "not_after": until})
    for number in (1, 2):
        visit.publish(message, qos=0)
        report = await told(visit, lambda report: report.decided == first.decided + number)  # noqa: B023 -- at once
        assert [(str(each.key), each.outcome) for each in report.outcomes] == [(key, "applied")]
        assert report.version == (first.version[0], first.version[1] + 1)
    await shows(light, DIM)
    light.button_down()
    await shows(light, DARK)
    light.button_up()  # where it is held as power comes, a chip waits for a programmer
    await told(visit, lambda report: report.state == "OFF")
    return visit


async def comes_back(light: SimulatedLight, broker: BareBroker) -> None:
    """Once its flash has how it is, its power is cut; it comes back as it was."""
    await light.until(lambda now: now.log == "flash: kept off 100")
    await light.power_cut()
    await light.power_on()
    await shows(light, DARK)
    assert (await (await broker.visit()).welcome()).state == "OFF"
