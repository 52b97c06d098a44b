"""Networks that are worse than slow: one that forgets connections, one whose uplink is full."""

import asyncio
from pathlib import Path

import pytest

from mobile_sim.events import Said
from mobile_sim.phone import Phone
from presslight.micropython import Command
from tests.journey.slow_house import DID_NOT, Finger, Told, slow_house
from tests.journey.test_slow_network import judge
from tests.lab.fate import Weather
from tests.lab.namespace import is_permitted
from tests.lab.packet_lab import PacketLab

BULK_BYTES = 100_000
SLOWEST = Weather(delay_ms=20, loss=0, uplink_kbps=200, queue_packets=100)

pytestmark = pytest.mark.skipif(not is_permitted(), reason="needs network namespaces")


@pytest.mark.nightly
async def test_connection_that_the_network_forgot_is_replaced(micropython: Command, tmp_path: Path) -> None:
    """Its NAT mapping has gone, or the phone has left Wi-Fi: the old socket is a black hole, a new one works."""
    async with slow_house(PacketLab(Weather(delay_ms=20, loss=0)), tmp_path) as house:
        async with house.phone() as phone:
            await house.lab.say("strand")
            told = [await house.far(_press(phone, 100))]
            if told[0].journey.word in DID_NOT:
                told.append(await house.far(_press(phone, 100)))
        await house.dark()
    judge(told, house.witness)
    assert told[-1].journey.word is Said.APPLIED


async def test_press_beside_an_upload_that_fills_the_uplink(micropython: Command, tmp_path: Path) -> None:
    async with slow_house(PacketLab(SLOWEST), tmp_path) as house:
        sink = await asyncio.start_server(_swallow, house.lab.host, 0)
        async with house.phone() as phone:
            upload = asyncio.create_task(house.far(_upload(house.lab.host, sink.sockets[0].getsockname()[1])))
            told = [await house.far(_press(phone, 50 + number)) for number in range(3)]
            await upload
            told.append(await house.far(_press(phone, 100)))
        await house.dark()
        sink.close()
    judge(told, house.witness)
    assert told[-1].journey.word is Said.APPLIED
    assert house.lab.report["up"]["carried"] > BULK_BYTES / 1_500


async def _press(phone: Phone, brightness: int) -> Told:
    return await Finger(phone, brightness).told()


async def _upload(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.write(bytes(BULK_BYTES))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        continue
    writer.close()
    await writer.wait_closed()
