"""What the broker delivers, judged: good messages go to the desk, bad ones are counted and harm nobody. Pure."""

from typing import Protocol

from cloud.desk import Desk
from contract.errors import ContractError
from contract.mqtt import decode_availability, decode_report
from contract.phone import MAX_LIGHTS
from contract.rate import Rates
from contract.topics import AVAILABILITY, STATE, light_of
from contract.words import is_light_id

REPORTS_PER_S = 1_000
"""Of one light; of what comes beyond that only the newest is read, within a second.

Mosquitto does not bound what a light sends. A report that is passed over may hold outcomes, so the rate is far over
what any light decides.
"""

_STATE = STATE.rpartition("/")[2]
_AVAILABILITY = AVAILABILITY.rpartition("/")[2]


class Counts(Protocol):
    """Who counts bad messages."""

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """A message could not be used: `cause` is an error code of the contract, `topic`, `emptied`, `rate`."""


class Inbox:
    """Takes what comes on the topics of lights. `passed_over`: the newest report of each light that sends too many."""

    def __init__(self, desk: Desk, counts: Counts) -> None:
        self.passed_over: dict[str, tuple[str, bytes]] = {}
        self._desk = desk
        self._counts = counts
        self._rates = Rates(REPORTS_PER_S, REPORTS_PER_S, MAX_LIGHTS)

    def catch_up(self, now: int) -> None:
        """Read what was passed over."""
        while self.passed_over:
            name, (topic, payload) = self.passed_over.popitem()
            self._read(topic, _STATE, name, payload, now, retained=False)

    def take(self, topic: str, payload: bytes, now: int, *, retained: bool) -> None:
        """Take a message that came in at `now` (ns). `retained`: the broker had kept it.

        An emptied state is how a light is forgotten.
        """
        name = light_of(topic)
        kind = topic.rpartition("/")[2]
        if not self._is_light(name) or kind not in (_STATE, _AVAILABILITY):
            self._counts.bad_message(topic, "topic", "not a light's topic")
        elif not payload:
            self._counts.bad_message(topic, "emptied", "what was kept is gone")
            if kind == _STATE:
                self.passed_over.pop(name, None)
            if kind == _STATE and self._desk.house.knows(name):
                self._desk.on_emptied(name, now)
        elif kind == _STATE and not retained and not self._is_in_time(name, now):
            self.passed_over[name] = (topic, payload)
            self._counts.bad_message(topic, "rate", "more reports than one light may send")
        else:
            self._read(topic, kind, name, payload, now, retained=retained)

    def _is_in_time(self, name: str, now: int) -> bool:
        in_time = self._rates.of(name, now).take(now)
        if in_time and self.passed_over:
            self.passed_over.pop(name, None)
        return in_time

    def _read(self, topic: str, kind: str, name: str, payload: bytes, now: int, *, retained: bool) -> None:
        try:
            if kind == _STATE:
                self._desk.on_report(name, decode_report(payload), now, live=not retained)
            else:
                self._desk.on_availability(name, decode_availability(payload), now, live=not retained)
        except ContractError as error:
            self._counts.bad_message(topic, error.code, str(error))

    def _is_light(self, name: str) -> bool:
        return name in self._desk.house.lights or is_light_id(name)
