"""aiomqtt's client, quiet about what ended a connection that nobody asks about."""

import asyncio

import aiomqtt


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


def _retrieve(end: asyncio.Future[None]) -> None:
    if not end.cancelled():
        end.exception()
