"""A bare MQTT client that presses one light, a few presses in flight, and hears its reports."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.contract.address import BrokerAddress
from presslight.contract.mqtt import Report, decode_report
from presslight.contract.topics import SET, STATE

ORIGINS = 12
IN_FLIGHT = 16
UNHEARD = Report(state="OFF", brightness=1, boot="00000000", up=0, version=(0, 0))


class Presser:
    """Presses with keys. `report` is the light's newest, `heard` when it came."""

    def __init__(self, client: aiomqtt.Client, light: str) -> None:
        self.report = UNHEARD
        self.heard = time.monotonic()
        self._client = client
        self._light = light
        self._pressed = 0

    async def press(self) -> None:
        """Send the next press: another value, a key of one of a dozen origins, a deadline 30 s ahead."""
        self._pressed += 1
        number, origin = divmod(self._pressed, ORIGINS)
        up = self.report.up + int((time.monotonic() - self.heard) * 1_000) + 30_000
        command = {
            "state": "ON" if self._pressed % 2 else "OFF",
            "brightness": 1 + self._pressed % 255,
            "key": f"{origin:016x}-{number + 1}",
            "not_after": {"boot": self.report.boot, "up": up},
        }
        await self._client.publish(SET.format(light=self._light), json.dumps(command), qos=1)

    async def next(self) -> Report:
        """Wait for the light's next report."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.report, self.heard = decode_report(message.payload), time.monotonic()
            return self.report
        raise AssertionError("the broker went away")

    async def press_many(self, count: int) -> None:
        """Press until the light has answered `count` presses more, always a few of them in flight."""
        goal = self.report.decided + count
        sent = self.report.decided
        while self.report.decided < goal:
            while sent < min(goal, self.report.decided + IN_FLIGHT):
                await self.press()
                sent += 1
            report = await self.next()
            assert {decision.outcome for decision in report.outcomes} <= {"applied"}

    async def beat(self) -> Report:
        """Wait for the next heartbeat: the report that tells of the heap anew, after a collection."""
        decided = self.report.decided
        before = self.report.up
        while (await self.next()).up < before + 1 or self.report.decided != decided:
            pass
        return self.report


@asynccontextmanager
async def pressing(address: BrokerAddress, light: str) -> AsyncIterator[Presser]:
    """A presser that has heard the light's first report. `address`: of the broker, for a user who may press."""
    password = address.password
    client = AiomqttClient(
        address.host,
        address.port,
        username=address.username,
        password=None if password is None else password.get_secret_value(),
        identifier=address.username,
        socket_options=[(6, 1, 1)],  # TCP_NODELAY
        max_queued_outgoing_messages=0,
    )
    async with client:
        await client.subscribe(STATE.format(light=light), qos=1)
        presser = Presser(client, light)
        await presser.next()
        yield presser
