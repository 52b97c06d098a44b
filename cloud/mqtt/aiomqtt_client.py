"""aiomqtt's client, which tells at once why a connection ended, and says nothing of one that nobody asks about."""

import asyncio
from contextlib import suppress
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

_OF_ACCOUNT = (4, 5, 134, 135)
"""CONNACK's codes for wrong credentials and missing rights, of MQTT 3.1.1 and as paho translates them."""


def is_of_account(error: MqttConnectError) -> bool:
    """Whether the broker refuses this account; else it refuses whoever asks, or asks so."""
    code = error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
    return code in _OF_ACCOUNT


class MqttClient(aiomqtt.Client):
    """aiomqtt keeps a connection's end in a future, and makes a new one for the next connection or attempt.

    Nobody else can ask for the former's exception then, so asyncio would log it as never retrieved.
    """

    @property
    def _disconnected(self) -> asyncio.Future[None]:
        return self._end

    @_disconnected.setter
    def _disconnected(self, end: asyncio.Future[None]) -> None:
        self._end = end
        end.add_done_callback(_retrieve)

    def _client_connect(self) -> None:
        # Else paho answers a refused version with a second connection, of MQTT 3.1, made while it blocks the loop.
        self._client._reconnect_on_failure = False  # noqa: SLF001 -- an option of the constructor that aiomqtt calls
        super()._client_connect()

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, reason: ReasonCode, *rest: Any) -> None:
        """End also an attempt to connect, which would wait for its whole time."""
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(_why(reason)))
            self._connected.exception()  # asked for here, as whoever waits may not come to it
        elif not self._connected.cancelled():
            super()._on_disconnect(client, userdata, flags, reason, *rest)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):  # no topic: paho would try the same message again and again, for ever
            super()._on_message(client, userdata, message)


def _why(reason: ReasonCode) -> str:
    is_foreign = reason.getName() == "Protocol error"
    return "the broker does not speak MQTT 3.1.1" if is_foreign else "the broker closes the connection"


def _retrieve(end: asyncio.Future[None]) -> None:
    if not end.cancelled():
        end.exception()
