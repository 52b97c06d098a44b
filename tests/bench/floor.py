"""The floor, and what the bridge costs above it: two phones in turn, same Mosquitto, same light, pair by pair."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiomqtt

from presslight.contract.address import BrokerAddress
from presslight.contract.topics import SET, STATE
from tests.bench.phones import ThinPhone

Pressing = Callable[[bool], Coroutine[Any, Any, None]]
"""Presses a light on or off and returns when the press is confirmed."""


class Pair(NamedTuple):
    """p50 of press → confirmation in ms: over bare MQTT and through the bridge, and their ratio."""

    floor_ms: float
    bridge_ms: float

    @property
    def ratio(self) -> float:
        return self.bridge_ms / self.floor_ms


@asynccontextmanager
async def mqtt_phone(address: BrokerAddress, light: str) -> AsyncIterator[Pressing]:
    """A phone that is an MQTT client: QoS 1, TCP_NODELAY, no promise at all."""
    password = address.password.get_secret_value() if address.password else None
    client = aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=password,
        identifier=address.username,
        socket_options=[(6, 1, 1)],  # IPPROTO_TCP, TCP_NODELAY
    )
    async with client:
        await client.subscribe(STATE.format(light=light), qos=1)

        async def press(on: bool) -> None:
            power = "ON" if on else "OFF"
            await client.publish(SET.format(light=light), json.dumps({"state": power}), qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                if json.loads(message.payload)["state"] == power:
                    return

        yield press


@asynccontextmanager
async def bridge_phone(url: str, token: str, light: str) -> AsyncIterator[Pressing]:
    """A phone of the bridge's: key, store and deadline on."""
    async with ThinPhone(url, token) as phone:
        await phone.knows([light])

        async def press(on: bool) -> None:
            key = await phone.press(light, on=on)
            while True:
                frame = await phone.next()
                if frame["type"] == "outcome" and frame["key"] == key and frame["final"]:
                    if frame["status"] != "applied":
                        raise RuntimeError(f"a press was not applied: {frame}")
                    return

        yield press


async def compare(floor: Pressing, bridge: Pressing, presses: int, warm: int) -> Pair:
    """Press over both in turn, A B A B, so that a drifting machine drifts for both."""
    times: tuple[list[float], list[float]] = ([], [])
    async with asyncio.timeout(60 + presses):
        for number in range(-warm, presses):
            for path, taken in zip((floor, bridge), times, strict=True):
                started = time.perf_counter()
                await path(path is floor)  # ON here, OFF there: no report of the other path looks like ours
                if number >= 0:
                    taken.append((time.perf_counter() - started) * 1_000)
    return Pair(*(statistics.median(taken) for taken in times))
