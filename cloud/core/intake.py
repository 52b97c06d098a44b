"""A press that is asked for first: whether there is room for it, under which key, and until when it may act.

Pure: times are ns on a monotonic clock, what is random is a parameter.
"""

from collections.abc import Callable

from presslight.cloud.core.deadline import QUIET_NS, deadline
from presslight.cloud.core.events import Asked
from presslight.cloud.core.legs import Stamps
from presslight.cloud.core.light import Light
from presslight.cloud.core.lights import Lights
from presslight.cloud.core.live_origins import LiveOrigins
from presslight.cloud.core.open_presses import OpenPresses
from presslight.cloud.core.press import Press
from presslight.cloud.core.record import Ask, Order
from presslight.cloud.core.text_origins import TextOrigins
from presslight.cloud.errors import Refusal
from presslight.contract.errors import ErrorCode
from presslight.contract.mqtt import SetCommand, encode_set
from presslight.contract.words import Moment, split_key


class Intake:
    """Makes presses of what is asked. `draw` answers 64 random bits in hex."""

    def __init__(self, lights: Lights, presses: OpenPresses, draw: Callable[[], str]) -> None:
        self._lights = lights
        self._presses = presses
        self._origins = LiveOrigins()
        self._texts = TextOrigins(draw)

    def press(self, ask: Ask, now: int, *, broker: bool) -> tuple[Press, Asked]:
        """Make the press, and say what it is to hear first. Raises Refusal: nothing is stored."""
        light = self._lights.by_name.get(ask.light)
        self._check(ask, broker=broker)
        moment = deadline(ask, light, now)
        key = self._key(ask, now)
        is_new = _is_new(ask, light, now)
        followed = is_new and light is not None and light.report.boot == moment.boot
        press = Press(_order(ask, key, moment), followed=followed, stamps=Stamps(now, ask.before_us))
        is_online = light is not None and light.online
        return press, Asked(broker, is_online, dated=ask.is_dated, new=is_new)

    def on_sent(self, order: Order, now: int) -> None:
        """A press goes to its light, whose place for the origin it may hold until its deadline."""
        light = self._lights.by_name.get(order.light)
        until = now + QUIET_NS
        if light is not None and light.report.boot == order.not_after.boot:
            until = min(until, light.bound.passes(order.not_after.up))
        self._origins.hold_place(order.light, order.phone, split_key(order.key)[0], until)

    def on_known(self, ask: Ask, key: str) -> None:
        """The press was stored before, under another key than the one that it was given now."""
        if ask.text is not None:
            self._texts.take_back(ask.light, ask.phone, key)

    def _check(self, ask: Ask, *, broker: bool) -> None:
        """Raise Refusal if there is no such light, or no room for a press of this phone on it."""
        if ask.light not in self._lights.by_name and broker:
            raise Refusal(ErrorCode.UNKNOWN_LIGHT, ask.light)
        if not self._presses.has_room(ask.light, ask.phone):
            raise Refusal(ErrorCode.OVERLOADED)

    def _key(self, ask: Ask, now: int) -> str:
        """The press's key. Raises Refusal where the phone has too many origins at this light."""
        key = self._texts.next(ask.light, ask.phone) if ask.text is not None else ask.key
        if not self._origins.has_room(ask.light, ask.phone, split_key(key)[0], now):
            self.on_known(ask, key)
            raise Refusal(ErrorCode.RATE_LIMITED, "too many origins at this light")
        return key


def _order(ask: Ask, key: str, moment: Moment) -> Order:
    command = SetCommand(**ask.set.attributes(), key=key, not_after=moment, if_ver=ask.if_ver)
    return Order(key, ask.light, ask.phone, ask.payload(), encode_set(command), moment)


def _is_new(ask: Ask, light: Light | None, now: int) -> bool:
    """Whether no bridge can have sent this press before, to lose it from its store in a power cut.

    One with a deadline of its own is not waited for to be on the disk. What was sent before the cut has a deadline that
    has passed, or will before this machine has been up (the clock counts from there) for as long as any lies ahead.
    """
    dated = ask.not_after if ask.is_dated else None
    if dated is None or light is None:
        return dated is None or now >= QUIET_NS
    return now >= QUIET_NS and (dated.boot != light.report.boot or dated.up > light.bound.at(now))
