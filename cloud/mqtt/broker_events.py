"""The events of the MQTT client, passed on to the rules. Pure: times are ns on a monotonic clock, taken from `now`."""

from collections.abc import Callable
from typing import Protocol

from presslight.cloud.core.presses import Presses
from presslight.cloud.mqtt.inbox import Inbox
from presslight.cloud.mqtt.muting import Muting


class BrokerCounts(Protocol):
    """Counters and logs of the broker's events."""

    def broker(self, *, found: bool, cause: str, detail: str) -> None:
        """Count the broker's loss by cause, or note its return."""

    def on_defect(self, where: str, error: Exception) -> None:
        """Count an error of our own."""


class BrokerEvents:
    """The `MqttListener` of the bridge. Errors of our own are counted: they must not end the connection.

    `reconnect` is called when other topics are wanted than those subscribed to.
    """

    def __init__(
        self,
        inbox: Inbox,
        presses: Presses,
        muting: Muting,
        counts: BrokerCounts,
        reconnect: Callable[[], None],
        now: Callable[[], int],
    ) -> None:
        self._inbox = inbox
        self._presses = presses
        self._muting = muting
        self._counts = counts
        self._reconnect = reconnect
        self._now = now

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Pass a light's message to the inbox."""
        try:
            self._inbox.receive(topic, payload, self._now(), retained=retained)
        except Exception as error:
            self._counts.on_defect(topic, error)

    def on_ack(self, key: str) -> None:
        """Note that the broker acknowledged the set message of a press."""
        try:
            self._presses.on_ack(key, self._now())
        except Exception as error:
            self._counts.on_defect("acknowledgement", error)

    def on_broker(self, *, found: bool, cause: str = "", detail: str = "") -> None:
        """Note the broker's return or loss. Subscribe anew where a light's mute has ended or a light is new."""
        self._counts.broker(found=found, cause=cause, detail=detail)
        try:
            self._presses.on_broker(found=found, now=self._now())
        except Exception as error:
            self._counts.on_defect("broker", error)
        if found:
            self._muting.end_mutes(self._now())
            if self._muting.has_new_topics(self._presses.lights.names()):
                self._reconnect()

    def topics(self) -> tuple[str, ...]:
        """Return the topics to subscribe to."""
        return self._muting.topics(self._presses.lights.names())

    def on_reconnected(self) -> None:
        """Ask again for what may be lost: the client has connected anew on purpose."""
        try:
            self._presses.on_reconnected(self._now())
        except Exception as error:
            self._counts.on_defect("reconnect", error)

    def listen_to(self, light: str) -> bool:
        """End a light's mute. Return whether it is subscribed to already, and not only after a reconnect."""
        was_muted = self._muting.unmute(light)
        if was_muted:
            self._reconnect()
        return not was_muted
