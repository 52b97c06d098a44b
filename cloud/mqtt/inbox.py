"""What the broker delivers, judged: good messages go to the desk, bad ones are counted and harm nobody. Pure."""

from typing import Protocol

from presslight.cloud.core.presses import Desk
from presslight.cloud.mqtt.muting import Muting
from presslight.contract.errors import ContractError
from presslight.contract.mqtt import decode_availability, decode_report
from presslight.contract.topics import AVAILABILITY, STATE, light_of
from presslight.contract.words import is_light_id

_STATE = STATE.rpartition("/")[2]
_AVAILABILITY = AVAILABILITY.rpartition("/")[2]
_NS_PER_S = 10**9


class Counts(Protocol):
    """Who counts bad messages."""

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """A message could not be used: `cause` is an error code of the contract, `topic`, `emptied`, `rate`."""


class Inbox:
    """Takes what comes on the topics of lights."""

    def __init__(self, desk: Desk, counts: Counts, muting: Muting) -> None:
        self._desk = desk
        self._counts = counts
        self._muting = muting

    def take(self, topic: str, payload: bytes, now: int, *, retained: bool) -> None:
        """Take a message that came in at `now` (ns). `retained`: the broker had kept it.

        An emptied state is how a light is forgotten. Of a light that is muted nothing is taken: what is under way is
        late, and what the broker keeps of it would show it as it may not be heard.
        """
        name = light_of(topic)
        kind = topic.rpartition("/")[2]
        if name in self._muting.muted:
            return
        if not retained and not self._muting.takes(name, len(payload), now):
            seconds = self._muting.terms[name].length // _NS_PER_S
            self._counts.bad_message(topic, "rate", f"nobody listens to it for {seconds} s")
            self._desk.mute(name, now)
        elif not self._is_light(name) or kind not in (_STATE, _AVAILABILITY):
            self._counts.bad_message(topic, "topic", "not a light's topic")
        elif not payload:
            self._counts.bad_message(topic, "emptied", "what was kept is gone")
            if kind == _STATE and self._desk.house.knows(name):
                self._desk.on_emptied(name, now)
        else:
            self._read(topic, kind, name, payload, now, retained=retained)

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
