"""Validation of the broker's messages: valid ones go to the presses, others are counted by cause. Pure."""

from enum import Enum
from typing import Protocol, assert_never

from presslight.cloud.core.presses import Presses
from presslight.cloud.mqtt.muting import Muting
from presslight.contract.errors import ContractError
from presslight.contract.mqtt import decode_availability, decode_report
from presslight.contract.topics import AVAILABILITY, STATE, light_of
from presslight.contract.words import is_light_id

_NS_PER_S = 10**9


class TopicKind(Enum):
    """The last level of the topics on which lights publish what the bridge reads."""

    STATE = STATE.rpartition("/")[2]
    AVAILABILITY = AVAILABILITY.rpartition("/")[2]


_KINDS = {kind.value: kind for kind in TopicKind}


class MessageCounts(Protocol):
    """Counters of invalid messages."""

    def bad_message(self, topic: str, cause: str, detail: str) -> None:
        """Count a message that cannot be used. `cause`: an error code of the contract, `topic`, `emptied` or `rate`."""


class Inbox:
    """Receives the messages of lights, within their rate (`Muting`)."""

    def __init__(self, presses: Presses, counts: MessageCounts, muting: Muting) -> None:
        self._presses = presses
        self._counts = counts
        self._muting = muting

    def receive(self, topic: str, payload: bytes, now: int, *, retained: bool) -> None:
        """Handle a message that arrived at `now` (monotonic ns). `retained`: its RETAIN flag (MQTT 3.1.1, 3.3.1.3).

        An empty retained state means that the light is forgotten. Messages of a muted light are ignored: those under
        way are late, and retained ones would show the light as available while it is not listened to.
        """
        name = light_of(topic)
        kind = _KINDS.get(topic.rpartition("/")[2])
        if name in self._muting.muted:
            return
        if not retained and not self._muting.accepts(name, len(payload), now):
            seconds = self._muting.mutes[name].length // _NS_PER_S
            self._counts.bad_message(topic, "rate", f"nobody listens to it for {seconds} s")
            self._presses.mute(name, now)
        elif not self._is_light(name) or kind is None:
            self._counts.bad_message(topic, "topic", "not a light's topic")
        elif not payload:
            self._counts.bad_message(topic, "emptied", "what was kept is gone")
            if kind is TopicKind.STATE and self._presses.lights.knows(name):
                self._presses.on_emptied(name, now)
        else:
            try:
                self._dispatch(kind, name, payload, now, live=not retained)
            except ContractError as error:
                self._counts.bad_message(topic, error.code, str(error))

    def _dispatch(self, kind: TopicKind, name: str, payload: bytes, now: int, *, live: bool) -> None:
        """Decode a payload and pass it on. Raises ContractError."""
        match kind:
            case TopicKind.STATE:
                self._presses.on_report(name, decode_report(payload), now, live=live)
            case TopicKind.AVAILABILITY:
                self._presses.on_availability(name, decode_availability(payload), now, live=live)
            case _:
                assert_never(kind)

    def _is_light(self, name: str) -> bool:
        return name in self._presses.lights.by_name or is_light_id(name)
