"""A program in the world: it presses over HTTP under a text of its own, and asks again until it has a last word."""

from dataclasses import dataclass
from functools import partial

from presslight.cloud.core.principal import Principal
from presslight.cloud.core.record import Ask
from presslight.contract.errors import ErrorCode
from presslight.contract.light import Power
from presslight.contract.phone import PressOutcome, Problem, Wish
from presslight.contract.words import Moment
from tests.world.bridge import Bridge
from tests.world.event_queue import MS, S
from tests.world.ground import Ground
from tests.world.judge import Broken
from tests.world.network import Way

PATIENCE_MS = 2_000
SLOWEST_RETRY = 2 * S


@dataclass
class Request:
    """One press as it is sent, again and again the same."""

    ask: Ask
    is_done: bool = False

    @property
    def text(self) -> str:
        """What stands for its key."""
        return (self.ask.text or b"").decode()


class Program:
    """Presses by text. It keeps nothing but what it has asked for."""

    def __init__(self, ground: Ground, bridges: list[Bridge], name: str) -> None:
        self.name = name
        self._ground = ground
        self._bridges = bridges
        self._way = Way()
        self._pressed = 0

    def press(self, light: str, state: Power, *, dated: bool) -> None:
        """Press a light; `dated`: with a deadline of its own, by what a bridge says of the light's clock."""
        moment = self._deadline(light) if dated else None
        self._pressed += 1
        text = f"{self.name} {self._pressed:08}"
        wish = Wish(state=state)
        request = Request(Ask("", light, Principal(self.name), wish, None, moment, PATIENCE_MS, text=text.encode()))
        self._ground.note(self.name, f"presses {light} {state} as {text!r}{' until' if moment else ''}")
        self._ground.judge.asked(text, self.name, PATIENCE_MS, dated=moment is not None)
        self._send(request)

    def _deadline(self, light: str) -> Moment | None:
        for bridge in self._bridges:
            known = bridge.life.presses.lights.by_name.get(light) if bridge.life else None
            if known is not None and bridge.life is not None and known.live:
                return Moment(boot=known.report.boot, up=known.bound.at(bridge.life.now()) + PATIENCE_MS)
        return None

    def _send(self, request: Request) -> None:
        """Send it to any bridge, until there is a last word."""
        if request.is_done:
            return
        ground = self._ground
        bridge = ground.dice.choice(self._bridges)

        def answer(status: PressOutcome | Problem) -> None:
            ground.network.post(self._way, partial(self._take, request, status))

        ground.network.post(self._way, lambda: bridge.post(request.ask, answer))
        ground.event_queue.after(ground.dice.randint(100 * MS, SLOWEST_RETRY), partial(self._send, request))

    def _take(self, request: Request, status: PressOutcome | Problem) -> None:
        if request.is_done:
            return
        if isinstance(status, Problem):
            self._take_problem(request, status)
            return
        self._ground.said(status.key, status.status.value, self.name)
        if status.final:
            request.is_done = True
            self._ground.judge.last_word(request.text, self.name)

    def _take_problem(self, request: Request, problem: Problem) -> None:
        if problem.code is ErrorCode.KEY_REUSED:
            raise Broken(f"reused: {request.text!r} is said to have asked for something else before")
        if not problem.retry:
            request.is_done = True
            self._ground.judge.gave_up(request.text)
