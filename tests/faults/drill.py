"""One drill: presses run, a fault strikes, presses run on, it is healed; then the judge has the word."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from presslight.mobile_sim.events import PhoneStatus
from tests.faults.lab import WAIT_S, Lab
from tests.faults.truth import Kind, Wrong, judge

PACE_S = 0.1
"""How often a finger comes down while a fault lasts."""

Deed = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """Something that breaks, and how it is made whole again. `options`: what its lab needs (`Lab`'s arguments).

    `short_s`, `long_s`: how long it lasts in `make test` and at night. `strike` and `heal` return once it is so.
    """

    name: str
    strike: Deed
    heal: Deed
    short_s: float = 1.0
    long_s: float = 3.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Row:
    """What came of the drills with one fault: wrongs by kind, and for each drill how long after the fault's end all
    phones showed every light as it was (`shown_ms`), and every hand had pressed one that acted (`works_ms`).
    """

    fault: str
    presses: int = 0
    words: Counter[str] = field(default_factory=Counter)
    wrongs: list[Wrong] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)
    works_ms: list[float] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """How many wrongs there were of a kind."""
        return sum(wrong.kind is kind for wrong in self.wrongs)


async def drill(lab: Lab, fault: Fault, *, seconds: float, around: int, rounds: int) -> Row:
    """Strike `rounds` times for so many `seconds`, with `around` presses of each hand before and after."""
    row = Row(fault.name)
    await _all(
        hand.press_until_it_acts() for hand in lab.hands
    )  # the first ones find clocks known from one slow report
    for _ in range(rounds):
        await _press_well(lab, around)
        await _strike(lab, fault, seconds)
        healed = time.monotonic()
        await lab.all_show_truth()
        row.shown_ms.append((time.monotonic() - healed) * 1_000)
        async with asyncio.timeout(WAIT_S):
            await _all(hand.press_until_it_acts() for hand in lab.hands)
        row.works_ms.append((time.monotonic() - healed) * 1_000)
    await lab.settled()
    await _press_well(lab, around)
    await lab.drained()
    row.presses = len(lab.history.presses)
    row.words = Counter(str(press.status) for press in lab.history.presses)
    row.wrongs = judge(lab.history)
    return row


async def _strike(lab: Lab, fault: Fault, seconds: float) -> None:
    """Let presses run while the fault comes, lasts and goes."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for hand in lab.hands:
            tasks.create_task(hand.press_often(over, PACE_S), name=f"{hand} presses often")
        await fault.strike(lab)
        asyncio.get_running_loop().call_later(seconds, over.set)
        await over.wait()
        await fault.heal(lab)


async def _press_well(lab: Lab, count: int) -> None:
    """Nothing is broken: each press acts."""
    for _ in range(count):
        for press in await _all(hand.press(WAIT_S * 1_000) for hand in lab.hands):
            assert press.status is PhoneStatus.APPLIED, str(press)


async def _all(each: Any) -> Any:
    return await asyncio.gather(*each)
