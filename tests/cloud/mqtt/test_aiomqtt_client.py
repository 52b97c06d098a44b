"""Exceptions of ended connections are retrieved, also where aiomqtt replaces the future meanwhile."""

import asyncio

import aiomqtt

from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient


async def test_no_end_of_a_connection_is_a_lost_exception(lost_exceptions: list[str]) -> None:
    client = AiomqttClient("127.0.0.1", 1)
    for _ in range(2):  # the first is there at the start; the next is that of the next connection
        client._disconnected.set_exception(aiomqtt.MqttError("gone while it was made"))
        await asyncio.sleep(0)
        client._disconnected = asyncio.Future()
    client._disconnected.cancel()
    del client
    assert not lost_exceptions
