"""The changes of lights that are sent to phones, and their pace. Pure: times are ns on a monotonic clock."""

from collections.abc import Callable

from presslight.cloud.core.lights import Lights
from presslight.cloud.core.ports import Broadcaster
from presslight.cloud.core.timers import Timers
from presslight.contract.phone import LightChanged, LightGone
from presslight.contract.phone_codec import encode

PACE_NS = 50_000_000
"""A light that changes faster than this is shown at this pace, the newest change always."""


class Display:
    """Sends changes of `lights`, each light at its pace. `alarm` is called with the time (ns) of the next `on_time`."""

    def __init__(self, lights: Lights, broadcaster: Broadcaster, alarm: Callable[[int], None]) -> None:
        self._lights = lights
        self._broadcaster = broadcaster
        self._shown: dict[str, int] = {}
        self._owed: set[str] = set()
        self._alarms = Timers(alarm)

    @property
    def next_at(self) -> int | None:
        """When (ns) `on_time` is wanted next."""
        return self._alarms.next_at

    def show_light(self, name: str, now: int) -> None:
        """Show a light, now or when its pace allows."""
        if name in self._owed:
            return
        due = self._shown.get(name, now - PACE_NS) + PACE_NS
        if due <= now:
            self._send_light(name, now)
        else:
            self._owed.add(name)
            self._alarms.set(due, name)

    def on_time(self, now: int) -> None:
        """Show what was held back and is due at `now`."""
        for name in self._alarms.due(now):
            self._send_light(name, now)

    def remove_light(self, name: str) -> None:
        """Have phones take away a light that was forgotten, at once and instead of what was held back of it."""
        self._owed.discard(name)
        self._shown.pop(name, None)
        self._broadcaster.send_light(name, encode(LightGone(light=name)))

    def _send_light(self, name: str, now: int) -> None:
        if name not in self._lights.by_name:  # forgotten since
            return
        self._owed.discard(name)
        self._shown[name] = now
        view = self._lights.view(name, now)
        self._broadcaster.send_light(name, encode(LightChanged(light=view)))
