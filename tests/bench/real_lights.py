"""Real firmware by the hundred: what one light weighs, and how long it takes from the message to the changed output."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from presslight.broker.accounts import Accounts
from presslight.contract.address import BrokerAddress
from presslight.mobile_sim.phone import Phone
from presslight.simulated.simulated_light import SimulatedLight

START_S = 120.0
PATIENCE_MS = 10_000
"""A press that a busy machine delays is measured, too."""


class Weight(NamedTuple):
    """Memory of one simulated light in MB: resident (shared pages counted whole) and proportional; how many ran."""

    resident_mb: float
    proportional_mb: float
    lights: int


async def start_all(
    exits: AsyncExitStack,
    address: BrokerAddress,
    accounts: Accounts,
    names: Sequence[str],
    folder: Path,
    chip: Sequence[str] = (),
) -> list[SimulatedLight]:
    """Start the lights, a few at a time, and wait until each is linked to the broker. `chip`: as of SimulatedLight."""
    lights: list[SimulatedLight] = []
    async with asyncio.timeout(START_S):
        for name in names:
            own = address.signed_in_as(name, accounts.password(name))
            light = SimulatedLight(name, own, folder / name, chip=chip)
            lights.append(await exits.enter_async_context(light))
        for light in lights:
            await light.until(lambda output: output.link == "up")
    return lights


def weigh(lights: Sequence[SimulatedLight]) -> Weight:
    """Weigh the running lights: the median of each figure."""
    resident = median(light.resident_bytes() for light in lights) / 1e6
    proportional = median(_proportional_kb(light.pid) for light in lights) / 1e3
    return Weight(resident, proportional, len(lights))


async def act_us(phone: Phone, names: Sequence[str], rounds: int) -> list[int]:
    """Press every light `rounds` times, one after the other; give each time from set read to output changed, in µs."""
    taken: list[int] = []
    for number in range(rounds):
        for name in names:
            journey = await phone.press(name, state="OFF" if number % 2 else "ON", patience_ms=PATIENCE_MS)
            if journey.status != "applied" or journey.legs is None:
                raise RuntimeError(f"{name} did not apply a press: {journey}")
            taken.append(journey.legs.light_us)
    return taken


async def press_to_light_ms(phone: Phone, lights: Sequence[SimulatedLight], rounds: int) -> list[list[float]]:
    """Press each light in turn, `rounds` times; give each one's times from the press to the changed output, in ms."""
    taken: list[list[float]] = [[] for _ in lights]
    for number in range(rounds):
        for light, times in zip(lights, taken, strict=True):
            is_on = number % 2 == 0
            started = time.monotonic_ns() // 1_000  # the clock of the light's output, too
            journey = await phone.press(light.name, state="ON" if is_on else "OFF", patience_ms=PATIENCE_MS)
            if journey.status != "applied":
                raise RuntimeError(f"{light.name} did not apply a press: {journey}")
            output = await light.until(lambda now: (now.duty > 0) == is_on)  # noqa: B023 -- awaited here
            times.append((output.us - started) / 1_000)
    return taken


def p99(values: Sequence[float]) -> float:
    """Give the 99th percentile."""
    return quantiles(values, n=100)[98]


def _proportional_kb(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))
