"""Networks that are worse than slow: gone for a while, one that forgets connections, one whose uplink is full."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from presslight.contract.tcp import has_rto_max
from presslight.contract.words import DEFAULT_PATIENCE_MS
from presslight.micropython import Command
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.journey.slow_house import DID_NOT, WAIT_S, Finger, Told, slow_house
from tests.journey.test_slow_network import judge
from tests.lab.fate import Weather
from tests.lab.namespace import is_permitted
from tests.lab.packet_lab import PacketLab
from tests.tcp_server import tcp_server

BULK_BYTES = 100_000
SLOWEST = Weather(delay_ms=20, loss=0, uplink_kbps=200, queue_packets=100)

QUICK = Weather(delay_ms=20, loss=0)
BACK_S = 2
"""How soon after the network's return every phone shows the light as it is."""

BOTH, UP, DOWN = ("cut up", "cut down"), ("cut up",), ("cut down",)
AWAY = [
    (1.5, BOTH),
    (3.3, BOTH),
    (3.3, UP),
    (3.3, DOWN),
    (8, BOTH),
    (8, UP),
    (8, DOWN),
    (30, BOTH),
    (30, UP),
    (30, DOWN),
]

pytestmark = pytest.mark.skipif(not is_permitted(), reason="needs network namespaces")
needs_rto_max = pytest.mark.skipif(not has_rto_max(), reason="needs Linux 6.15 or later")


@needs_rto_max
async def test_phone_shows_the_truth_soon_after_the_network_is_back(micropython: Command, tmp_path: Path) -> None:
    await _go_away(tmp_path, [(8, DOWN)], is_pressing=False)


@pytest.mark.nightly
@needs_rto_max
@pytest.mark.parametrize("is_pressing", [True, False])
async def test_phone_shows_the_truth_soon_after_any_absence(
    micropython: Command, tmp_path: Path, is_pressing: bool
) -> None:
    await _go_away(tmp_path, AWAY, is_pressing=is_pressing)


async def test_connection_that_the_network_forgot_is_replaced(micropython: Command, tmp_path: Path) -> None:
    """Its NAT mapping has gone, or the phone has left Wi-Fi: the old socket is a black hole, a new one works."""
    async with slow_house(PacketLab(QUICK), tmp_path) as house:
        async with house.phone() as phone:
            await house.lab.say("strand")
            told = [await house.far(_press(phone, 100))]
            if told[0].journey.status in DID_NOT:
                told.append(await house.far(_press(phone, 100)))
        await house.dark()
    judge(told, house.witness)
    sys.stdout.write(f"over new connections after {[each.journey.total_ms for each in told]} ms\n")
    assert told[-1].journey.status is PhoneStatus.APPLIED


async def test_press_beside_an_upload_that_fills_the_uplink(micropython: Command, tmp_path: Path) -> None:
    async with slow_house(PacketLab(SLOWEST), tmp_path) as house:
        async with tcp_server(_swallow, house.lab.host) as port, house.phone() as phone:
            upload = asyncio.create_task(house.far(_upload(house.lab.host, port)))
            told = [await house.far(_press(phone, 50 + number)) for number in range(3)]
            await upload
            told.append(await house.far(_press(phone, 100)))
        await house.dark()
    judge(told, house.witness)
    assert told[-1].journey.status is PhoneStatus.APPLIED
    assert house.lab.report["up"]["carried"] > BULK_BYTES / 1_500


async def _go_away(folder: Path, absences: list[tuple[float, tuple[str, ...]]], *, is_pressing: bool) -> None:
    """Take a phone's network away again and again while the light changes, and see how soon the phone knows."""
    back = []
    lab = PacketLab(QUICK)
    async with (
        slow_house(lab, folder) as house,
        Phone(house.stack.url, house.stack.token) as near,
        house.phone() as far,
    ):
        await near.until(lambda lights: "kitchen" in lights and near.broker)
        for brightness, (seconds, cuts) in enumerate(absences, 1):
            for cut in cuts:
                await lab.say(cut)
            told = asyncio.create_task(
                house.far(_press(far, 255, patience_ms=1_000)) if is_pressing else asyncio.sleep(0)
            )
            await asyncio.sleep(seconds)
            assert (await near.press("kitchen", state="ON", brightness=brightness)).status is PhoneStatus.APPLIED
            await lab.say("mend")
            mended = time.monotonic()
            async with asyncio.timeout(WAIT_S):
                await house.far(far.until(lambda lights, wish=brightness: lights["kitchen"].brightness == wish))  # type: ignore[misc] # mypy cannot type a lambda's default
            back.append((seconds, cuts, round(time.monotonic() - mended, 2)))
            await told
    sys.stdout.write(f"the truth after an absence: {back}\n")
    assert not lab.is_valid() or max(took for *_, took in back) <= BACK_S


async def _press(phone: Phone, brightness: int, patience_ms: int = DEFAULT_PATIENCE_MS) -> Told:
    return await Finger(phone, brightness, patience_ms).told()


async def _upload(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.write(bytes(BULK_BYTES))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _swallow(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        continue
