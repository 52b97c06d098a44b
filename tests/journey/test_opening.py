"""How long the page takes to open over a slow network of real packets, in round trips."""

import sys
from pathlib import Path
from statistics import median

import pytest

from presslight.micropython import Command
from tests.journey.opening import openings
from tests.journey.slow_house import slow_house
from tests.lab.fate import Weather
from tests.lab.namespace import is_permitted
from tests.lab.packet_lab import PacketLab

TIMES = 5

pytestmark = [pytest.mark.nightly, pytest.mark.skipif(not is_permitted(), reason="needs network namespaces")]


@pytest.mark.parametrize("rtt_ms", [200, 500])
async def test_page_opens_in_few_round_trips(rtt_ms: int, micropython: Command, tmp_path: Path) -> None:
    async with slow_house(PacketLab(Weather(rtt_ms / 2, loss=0)), tmp_path) as house:
        bridge = house.stack.bridge
        link = f"{house.lab.url(bridge.port)}/#token={house.stack.token}"
        told = await house.far(openings(link, lambda: not bridge.connections, TIMES))
    for kind, times in zip(("cold", "warm"), zip(*told, strict=True), strict=True):
        _tell(f"{kind} at RTT {rtt_ms}", times, rtt_ms)


def _tell(what: str, times: tuple[float, ...], rtt_ms: int) -> None:
    middle = median(times)
    told = f"{min(times):.0f}–{max(times):.0f} ms, median {middle:.0f}: {middle / rtt_ms:.2f} RTT"
    sys.stdout.write(f"{what}: {told}\n")
