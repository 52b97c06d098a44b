"""aiomqtt's client with three corrections: immediate connect errors, retrieved futures, no blocking second attempt."""

import asyncio
from contextlib import suppress
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

_OF_ACCOUNT = (4, 5, 134, 135)
"""CONNACK codes for bad credentials and missing authorization: of MQTT 3.1.1 (3.2.2.3), and as paho translates them."""


def is_of_account(error: MqttConnectError) -> bool:
    """Whether CONNACK refuses this account; otherwise the broker refuses every client, or this client's version."""
    code = error.rc.value if isinstance(error.rc, ReasonCode) else error.rc
    return code in _OF_ACCOUNT


class AiomqttClient(aiomqtt.Client):
    """aiomqtt's client; retrieves the exception of every connection's future.

    aiomqtt keeps the end of a connection in a future and replaces that at the next attempt. Nothing could retrieve the
    former's exception then, so asyncio would log it as never retrieved.
    """

    @property
    def _disconnected(self) -> asyncio.Future[None]:
        return self._end

    @_disconnected.setter
    def _disconnected(self, end: asyncio.Future[None]) -> None:
        self._end = end
        end.add_done_callback(_retrieve)

    def _client_connect(self) -> None:
        # Otherwise paho answers a refused version with a second connection, of MQTT 3.1, which blocks the event loop.
        self._client._reconnect_on_failure = False  # noqa: SLF001 -- an option of the constructor that aiomqtt calls
        super()._client_connect()

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, reason: ReasonCode, *rest: Any) -> None:
        """Fail a pending connect at once, where aiomqtt would wait for its timeout."""
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(_why(reason)))
            self._connected.exception()  # retrieved here: the waiting task may be cancelled first
        elif not self._connected.cancelled():
            super()._on_disconnect(client, userdata, flags, reason, *rest)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):  # not a topic: paho would read the same message for ever
            super()._on_message(client, userdata, message)


def _why(reason: ReasonCode) -> str:
    is_foreign = reason.getName() == "Protocol error"
    return "the broker does not speak MQTT 3.1.1" if is_foreign else "the broker closes the connection"


def _retrieve(end: asyncio.Future[None]) -> None:
    if not end.cancelled():
        end.exception()
