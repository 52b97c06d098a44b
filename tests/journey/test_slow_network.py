"""User can switch the light even on a slow network: once, told, in time; judged by the light's own output.

`packets`: real packets between network namespaces, under the kernel's own TCP. `proxy`: where namespaces are not
permitted, a proxy that keeps the bytes as long as TCP would have.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import pytest

from lamp.output import duty
from presslight.contract.words import DEFAULT_PATIENCE_MS, MAX_PATIENCE_MS
from presslight.micropython import Command
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.journey.slow_house import DID_NOT, Finger, Lab, SlowHouse, Told, slow_house
from tests.journey.witness import Witness
from tests.lab.fate import Weather
from tests.lab.namespace import is_permitted
from tests.lab.packet_lab import PacketLab
from tests.lab.proxy_lab import ProxyLab

PACKETS, PROXY = pytest.param(PacketLab, id="packets"), pytest.param(ProxyLab, id="proxy")
OVER = pytest.mark.parametrize("kind", [PACKETS if is_permitted() else PROXY])
LOSS = 0.05
LAG_MS = 250
"""How long a busy machine may stand still between the light's look at its clock and its output."""
LATE_MS = 10_000
"""How long a busy machine may be late with a word that a phone says by its own timer."""


@OVER
async def test_press_on_a_slow_network_acts_once_and_is_told(
    kind: type[Lab], micropython: Command, tmp_path: Path
) -> None:
    """Where a packet is lost again and again, 2 s can pass: then `did not happen` is told, and a new press is made."""
    async with slow_house(kind(Weather(250, LOSS)), tmp_path) as house:
        told = await all_pressed(house, phones=10, presses=2)
        await house.dark()
    judge(told, house.witness)
    assert len(applied(told)) == len({each.brightness for each in told}) == 20


@OVER
async def test_answer_lost_after_the_light_has_acted_is_no_failure(
    kind: type[Lab], micropython: Command, tmp_path: Path
) -> None:
    """The payment that worked and failed at the same time."""
    async with slow_house(kind(Weather(250, loss=0)), tmp_path) as house:
        async with house.phone() as phone:
            await house.lab.say("cut down")
            finger = await house.far(put(phone, 200))
            await house.witness.until(duty(True, 200))
            await house.far(finger.hears(PhoneStatus.UNCONFIRMED))
            await house.lab.say("mend")
            told = await house.far(finger.told())
        await house.dark()
    judge([told], house.witness)
    assert told.journey.status is PhoneStatus.APPLIED
    assert told.journey.copies > 1
    assert not set(told.words) & DID_NOT


@pytest.mark.nightly
@pytest.mark.parametrize("kind", [PACKETS, PROXY] if is_permitted() else [PROXY])
@pytest.mark.parametrize(
    ("one_way_ms", "patience_ms"), [(250, DEFAULT_PATIENCE_MS), (500, DEFAULT_PATIENCE_MS), (500, MAX_PATIENCE_MS)]
)
async def test_thousands_of_presses_on_a_slow_network(
    kind: type[Lab], one_way_ms: int, patience_ms: int, micropython: Command, tmp_path: Path
) -> None:
    async with slow_house(kind(Weather(one_way_ms, LOSS)), tmp_path) as house:
        told = await all_pressed(house, phones=10, presses=100, patience_ms=patience_ms)
        await house.dark()
    judge(told, house.witness)
    sys.stdout.write(f"{2 * one_way_ms} ms round trip, {LOSS:.0%} loss each way: {summary(told)}\n")
    assert house.lab.is_valid(), "the network itself was late: its times mean nothing, run again"


async def put(phone: Phone, brightness: int) -> Finger:
    """In the phone's own loop."""
    return Finger(phone, brightness)


async def all_pressed(
    house: SlowHouse, phones: int, presses: int, patience_ms: int = DEFAULT_PATIENCE_MS
) -> list[Told]:
    """Several phones press at once, for values that no other one presses for, and never twice the same in a row."""
    turns = 236 // phones
    async with asyncio.TaskGroup() as tasks:
        told = [
            tasks.create_task(
                house.wished([20 + phone + phones * (turn % turns) for turn in range(presses)], patience_ms)
            )
            for phone in range(phones)
        ]
    return [each for task in told for each in task.result()]


def applied(told: Sequence[Told]) -> list[Told]:
    return [each for each in told if each.journey.status is PhoneStatus.APPLIED]


def judge(told: Sequence[Told], witness: Witness) -> None:
    """The light did what was told as done, once each, in time, and nothing else; each press was told in time."""
    did = Counter(change.duty for change in witness.changes if change.duty)  # 0: as it boots, and at the end
    assert did == Counter(each.duty for each in applied(told))
    for each in applied(told):
        acted = next(
            change.us for change in witness.changes if change.duty == each.duty and change.us > each.pressed_us
        )
        assert (acted - each.pressed_us) / 1_000 <= each.patience_ms + LAG_MS
    for each in told:
        assert each.told_ms <= each.patience_ms + LATE_MS


def summary(told: Sequence[Told]) -> str:
    """Percentiles of press → confirmation, and the share that took over 2 s or did not happen, with its interval."""
    totals = sorted(each.journey.total_ms or 0 for each in applied(told))
    p50, p95, p99 = (totals[int(len(totals) * share)] for share in (0.5, 0.95, 0.99))
    over = sum(each.journey.status is not PhoneStatus.APPLIED or (each.journey.total_ms or 0) > 2_000 for each in told)
    low, high = wilson(over, len(told))
    words = Counter(f"{each.journey.status} {each.journey.reason or ''}".strip() for each in told)
    return (
        f"{len(told)} presses, {dict(words)}, p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} ms, "
        f"over 2 s {over / len(told):.2%} ({low:.2%} to {high:.2%})"
    )


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which a share lies with 95 %, after Wilson (1927)."""
    share, width = hits / of, z * z / of
    middle, half = share + width / 2, z * sqrt(share * (1 - share) / of + width / (4 * of))
    return max(0.0, (middle - half) / (1 + width)), (middle + half) / (1 + width)
