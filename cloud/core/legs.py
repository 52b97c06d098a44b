"""How long a press took, leg by leg. Pure: stamps are ns on this bridge's monotonic clock, durations are µs.

Each duration is taken on one clock and lies inside the one before it, so differences need no clock sync.
"""

from presslight.contract.phone import Legs


class Stamps:
    """When a press passed the bridge.

    `asked`: its first frame came in. `before_us`: what had passed on the phone and on the way by then.
    """

    __slots__ = ("acked", "asked", "before_us", "published")

    def __init__(self, asked: int, before_us: int = 0) -> None:
        self.asked = asked
        self.before_us = before_us
        self.published: int | None = None
        self.acked: int | None = None

    def legs(self, reported: int, light_us: int) -> Legs:
        """The legs of a press whose report came in at `reported`; the light says that it took `light_us`."""
        bridge_us = max(0, reported - self.asked) // 1_000
        return Legs(bridge_us=bridge_us, ack_us=self._ack_us(), light_us=min(light_us, bridge_us))

    def _ack_us(self) -> int | None:
        if self.published is None or self.acked is None:
            return None
        return (self.acked - self.published) // 1_000


def press_to_light_us(before_us: int, legs: Legs) -> int:
    """From the finger to the changed output: the total less the way back, which is half of the travel."""
    return before_us + legs.bridge_us - travel_us(legs) // 2


def travel_us(legs: Legs) -> int:
    """The time of the ways bridge → light → bridge, both together."""
    return legs.bridge_us - legs.light_us
