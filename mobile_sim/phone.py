"""The phone: shows the lights as they are, presses, and says only what is true."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack, assert_never

from presslight.contract.light import Power, WishFields
from presslight.contract.phone import BrokerStatus, LightChanged, LightGone, PressOutcome, Problem, View, Welcome
from presslight.contract.words import DEFAULT_PATIENCE_MS, Version
from presslight.mobile_sim.address import BridgeAddress
from presslight.mobile_sim.clock import RealTime, now_ms
from presslight.mobile_sim.connection import LinkListener, Pushed
from presslight.mobile_sim.errors import UnknownLight, Unreachable
from presslight.mobile_sim.in_flight_press import InFlightPress
from presslight.mobile_sim.journal import Journal
from presslight.mobile_sim.journey import Journey
from presslight.mobile_sim.paths import Paths
from presslight.mobile_sim.presses import Presses
from presslight.mobile_sim.screen import Light, Screen
from presslight.mobile_sim.slides import Slides

DEFAULT_WAIT_MS = 10_000
CONNECT_MS = 10_000
CATCH_UP_S = 1


class Phone:
    """A phone on one bridge, with a warm socket that comes back by itself.

    `url`: http[s]://host[:port][/path], as `BridgeAddress` reads it. `journal`: a file that keeps keys and open presses
    over a kill of this process; None keeps them in memory. `connect_ms`: how long entering may wait for the
    bridge's first welcome.
    `spare`: keep a second socket warm, for the second copy of a press that got no answer.

    Entering raises Unreachable, TurnedAway or JournalBroken; every call after that raises TurnedAway once the bridge
    has turned the phone away for good.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        journal: Path | None = None,
        client: str = "presslight",
        connect_ms: int = CONNECT_MS,
        spare: bool = True,
    ) -> None:
        where = BridgeAddress.parse(url)
        self._bridge = where.shown
        self._connect_ms = connect_ms
        self._journal = Journal(journal)
        self._screen = Screen(now_ms())
        listener = LinkListener(self._screen.have, self._welcomed, self._on_frame, self._lost)
        self._paths = Paths(where.socket, token, listener, client=client, spare=spare)
        self._link = self._paths.link
        self._presses = Presses(self._journal, self._paths.send, RealTime())
        self._slides = Slides(self._begin)
        self._welcome: Welcome | None = None
        self._pulse = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._presses.restore(self._journal.open())
        self._paths.start(ended=self._beat)
        try:
            async with asyncio.timeout(self._connect_ms / 1_000):
                while self._welcome is None:
                    await self._next_change()
        except BaseException as error:
            await self._stop_waiting()
            if isinstance(error, TimeoutError):
                raise Unreachable(f"no bridge at {self._bridge}: {self._link.trouble}") from None
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_waiting()

    @property
    def lights(self) -> Mapping[str, Light]:
        """Every light as shown, by name."""
        return self._screen.lights

    @property
    def welcome(self) -> Welcome:
        """The bridge's newest welcome: its name, its limits, the phone's name."""
        if self._welcome is None:
            raise Unreachable(f"no bridge at {self._bridge} yet")
        return self._welcome

    @property
    def rtt_ms(self) -> float | None:
        """The smoothed round trip to the bridge; None while there is no link."""
        return self._link.rtt_ms

    @property
    def broker(self) -> bool:
        """Whether the bridge reaches its broker, as last heard."""
        return self._screen.broker

    @property
    def ignored(self) -> Mapping[str, int]:
        """Frames from the bridge that made no sense, by code."""
        return self._link.ignored

    @property
    def open(self) -> tuple[Journey, ...]:
        """The presses without a last word, also those of an earlier life with the same journal."""
        return tuple(flight.journey for flight in self._presses.open)

    def stale_ms(self) -> float:
        """For how long nothing shown could have been refreshed; 0 while link and broker are there."""
        return self._screen.stale_ms(now_ms())

    async def press(
        self,
        light: str,
        *,
        if_ver: Version | None = None,
        patience_ms: int = DEFAULT_PATIENCE_MS,
        wait_ms: float = DEFAULT_WAIT_MS,
        **wish: Unpack[WishFields],
    ) -> Journey:
        """Press, and wait for the last word, at most `wait_ms`: the journey then has the present word.

        Once it is applied, `lights` shows at least what this press did.

        `wish`: the attributes of `presslight.contract.light.LightWish`: `state`, and `brightness` (1-255; left out: as
        bright as it was). `if_ver`: only if the light still has this version.
        `patience_ms`: how long after now it may still act, 100-10,000.
        Raises UnknownLight, Invalid, TooManyOpen, JournalBroken; the press is then not made.
        """
        flight = self.begin(light, if_ver=if_ver, patience_ms=patience_ms, **wish)
        journey = await flight.last_word(wait_ms)
        await self._catch_up(journey)
        return journey

    def begin(
        self,
        light: str,
        *,
        if_ver: Version | None = None,
        patience_ms: int = DEFAULT_PATIENCE_MS,
        pressed: float | None = None,
        **wish: Unpack[WishFields],
    ) -> InFlightPress:
        """Press without waiting: `flight.journey`, `flight.last_word` tell. `pressed`: when, if not now (`now_ms`)."""
        flight = self._begin(light, wish, if_ver=if_ver, patience_ms=patience_ms, pressed=pressed)
        self._slides.overrule(light)
        return flight

    def _begin(
        self,
        light: str,
        wish: WishFields,
        *,
        if_ver: Version | None = None,
        patience_ms: int = DEFAULT_PATIENCE_MS,
        pressed: float | None = None,
    ) -> InFlightPress:
        at = now_ms() if pressed is None else pressed
        flight = self._presses.begin(self._shown(light), wish, if_ver, patience_ms, at)
        self._presses.start(flight, self.rtt_ms)
        if self.rtt_ms is None:
            self._link.hurry()
        return flight

    async def toggle(self, light: str, *, wait_ms: float = DEFAULT_WAIT_MS) -> Journey:
        """Press for the other state than the one shown, and only if the light is still as shown."""
        shown = self._shown(light)
        state: Power = "OFF" if shown.state == "ON" else "ON"
        return await self.press(light, state=state, if_ver=shown.version, wait_ms=wait_ms)

    def slide(self, light: str, **wish: Unpack[WishFields]) -> None:
        """The finger on a light's slider has moved: at most one press in flight, the newest wish waiting.

        `wish`: as in `press`. Raises what `press` raises.
        """
        self._slides.on_move(light, wish)

    async def settled(self) -> None:
        """Wait until every press has its last word."""
        while self._presses.open:
            await self._next_change()

    async def until(self, condition: Callable[[Mapping[str, Light]], bool]) -> None:
        """Wait until `condition(lights)` holds; it is asked whenever anything changed."""
        while not condition(self.lights):
            await self._next_change()

    def changes(self) -> AsyncIterator[Light]:
        """Every light that looks different from now on, for ever; a slow reader gets the newest of each."""
        return self._newer_than(dict(self.lights))

    async def _newer_than(self, seen: dict[str, Light]) -> AsyncIterator[Light]:
        while True:
            light = next((light for light in self.lights.values() if seen.get(light.id) != light), None)
            if light is None:
                await self._next_change()
            else:
                seen[light.id] = light
                yield light

    async def _catch_up(self, journey: Journey) -> None:
        """The word may come a moment before the news of the light."""
        version = journey.version
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                await self.until(lambda lights: version is None or _has(lights, journey.light, version))

    def _shown(self, light: str) -> Light:
        self._link.raise_if_refused()
        try:
            return self.lights[light]
        except KeyError:
            raise UnknownLight(f"no light is called {light[:40]!r}") from None

    async def _next_change(self) -> None:
        self._link.raise_if_refused()
        await self._pulse.wait()

    def _beat(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def _stop_waiting(self) -> None:
        self._presses.stop_waiting()
        self._journal.close()
        try:
            await self._paths.stop()
        finally:
            self._beat()

    def _welcomed(self, welcome: Welcome) -> None:
        self._welcome = welcome
        self._screen.link(True, now_ms())
        for name in welcome.gone:
            self._screen.take_away(name)
        for view in welcome.lights:
            self._screen.greet(view, now_ms())
            self._presses.clock_heard(self.lights[view.id])
        for clock in welcome.clocks:
            if self._screen.hear_clock(clock, now_ms()):
                self._presses.clock_heard(self.lights[clock.id])
        self._screen.broker_is(welcome.broker, now_ms())
        self._presses.link_up(self.rtt_ms or 0)
        self._beat()

    def _on_frame(self, frame: Pushed) -> None:
        match frame:
            case LightChanged(light=view):
                self._show(view)
            case LightGone(light=name):
                self._screen.take_away(name)
            case BrokerStatus(connected=reached):
                self._screen.broker_is(reached, now_ms())
            case PressOutcome():
                self._presses.outcome(frame)
            case Problem():
                self._presses.problem(frame)
            case _:
                assert_never(frame)
        self._beat()

    def _lost(self) -> None:
        self._screen.link(False, now_ms())
        self._presses.link_down()
        self._beat()

    def _show(self, view: View) -> None:
        self._screen.show(view, now_ms())
        self._presses.clock_heard(self.lights[view.id])


def _has(lights: Mapping[str, Light], name: str, version: Version) -> bool:
    """Whether a light is shown in this version at least, or was forgotten meanwhile."""
    return name not in lights or lights[name].version >= version
