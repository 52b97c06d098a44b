"""Pressing at a steady rate, whatever the answers, and counting from the moment each press was meant to be made."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from presslight.contract.light import Power
from presslight.mobile_sim.clock import now_ms
from presslight.mobile_sim.errors import PhoneError
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.measure.result import Plan
from presslight.mobile_sim.measure.tally import Tally
from presslight.mobile_sim.phone import Phone

START_MS = 100
DRAIN_MS = 3_000

Progress = Callable[[int], None]
"""Hears how many presses were made, those to warm up included."""


class TooFast(PhoneError):
    """The bridge takes fewer presses a second from one phone."""

    code = "too_fast"


class NoLight(PhoneError):
    """A light to press is not there."""

    code = "no_light"


class BridgeAlone(PhoneError):
    """The bridge does not reach its broker."""

    code = "bridge_alone"


async def reachable(phone: Phone, wanted: tuple[str, ...], wait_ms: float) -> tuple[str, ...]:
    """The lights to press: the wanted ones, or all that are online. Raises BridgeAlone or NoLight after `wait_ms`."""

    def online(name: str) -> bool:
        return name in phone.lights and phone.lights[name].online

    with suppress(TimeoutError):
        async with asyncio.timeout(wait_ms / 1_000):
            await phone.until(lambda lights: phone.broker and bool(lights) and all(map(online, wanted or lights)))
    if not phone.broker:
        raise BridgeAlone("the bridge does not reach its broker")
    missing = [name for name in wanted if not online(name)]
    if missing:
        raise NoLight(f"not online: {', '.join(missing)}")
    found = wanted or tuple(filter(online, sorted(phone.lights)))
    if not found:
        raise NoLight("no light is online")
    return found


async def run(phone: Phone, plan: Plan, progress: Progress = lambda _: None) -> Tally:
    """Press, and put the lights back as they were. Raises TooFast, and what a press raises."""
    limit = phone.welcome.limits.presses_per_s
    if plan.rate > limit:
        raise TooFast(f"{plan.rate:g} presses a second are over the bridge's limit of {limit} for one phone")
    before = {name: phone.lights[name].state for name in plan.lights}
    load = _Load(phone, plan, before)
    try:
        await load.press_all(progress)
        await load.drain()
    finally:
        await _put_back(phone, before)
    return load.tally


class _Load:
    """One run. A press that is not over yet is in `_open`."""

    def __init__(self, phone: Phone, plan: Plan, before: Mapping[str, Power]) -> None:
        self.tally = Tally()
        self._phone = phone
        self._plan = plan
        self._state = dict(before)
        self._open: dict[str, InFlightPress] = {}
        self._all_over = asyncio.Event()

    async def press_all(self, progress: Progress) -> None:
        start, gap = now_ms() + START_MS, 1_000 / self._plan.rate
        lights, warm_up = self._plan.lights, self._plan.warm_up
        for number in range(warm_up + self._plan.presses):
            intended = start + number * gap
            await asyncio.sleep(max(0.0, intended - now_ms()) / 1_000)
            self._press(lights[number % len(lights)], intended, counted=number >= warm_up)
            progress(number + 1)

    def _press(self, light: str, intended: float, *, counted: bool) -> None:
        self._state[light] = state = _other(self._state[light])
        late = now_ms() - intended
        flight = self._phone.begin(light, state=state, patience_ms=self._plan.patience_ms, pressed=intended)
        if counted:
            self.tally.lateness.add(late)
            self._follow(flight)

    def _follow(self, flight: InFlightPress) -> None:
        if flight.journey.status.final:
            self.tally.add(flight.journey)
            return
        self._open[flight.frame.key] = flight
        flight.on_status = lambda status: self._on_status(flight, status)

    def _on_status(self, flight: InFlightPress, status: PhoneStatus) -> None:
        if status.final:
            del self._open[flight.frame.key]
            self.tally.add(flight.journey)
            if not self._open:
                self._all_over.set()

    async def drain(self) -> None:
        """Wait for the last words as long as the deadline and a little more."""
        with suppress(TimeoutError):
            async with asyncio.timeout((self._plan.patience_ms + DRAIN_MS) / 1_000):
                while self._open:
                    self._all_over.clear()
                    await self._all_over.wait()
        for flight in self._open.values():
            flight.on_status = None
            self.tally.add(flight.journey)


async def _put_back(phone: Phone, before: Mapping[str, Power]) -> None:
    async with asyncio.TaskGroup() as group:
        for name, state in before.items():
            group.create_task(phone.press(name, state=state, wait_ms=DRAIN_MS), name=f"put back {name}")


def _other(state: Power) -> Power:
    return "OFF" if state == "ON" else "ON"
