"""A model light on a real broker: what it hears and says crosses MQTT."""

import asyncio
import time
from types import TracebackType
from typing import Self

import aiomqtt

from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.cloud.mqtt.connection import NODELAY
from presslight.contract.address import BrokerAddress
from presslight.contract.light import LightWish, Power
from presslight.contract.mqtt import SetCommand, decode_set
from presslight.contract.topics import AVAILABILITY, SET, STATE
from tests.cloud.model_light import ModelLight
from tests.cloud.raw_phone import WAIT_S


class FakeLight:
    """`async with FakeLight("kitchen", address) as light:`. While `deaf` it neither acts nor answers.

    `heard`: every set message that came in, also while deaf.
    """

    def __init__(self, name: str, address: BrokerAddress) -> None:
        self.name = name
        self.model = ModelLight()
        self.deaf = False
        self.heard: list[SetCommand] = []
        self._address = address
        self._booted = time.monotonic()
        self._something = asyncio.Condition()

    async def __aenter__(self) -> Self:
        address = self._address
        self._is_over = False
        self._client = AiomqttClient(
            address.host,
            address.port,
            username=address.username,
            password=address.password.get_secret_value() if address.password else None,
            identifier=self.name,
            will=aiomqtt.Will(AVAILABILITY.format(light=self.name), "offline", 1, retain=True),
            keepalive=4,
            socket_options=[NODELAY],
        )
        await self._client.__aenter__()
        await self._client.subscribe(SET.format(light=self.name), 1)
        self._task = asyncio.create_task(self._run(), name=f"light {self.name}")
        await self.available("online")
        await self.report()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._task.cancelled() or self._task.exception() is None:
            await self._client.__aexit__(None, None, None)

    def up(self) -> int:
        return int((time.monotonic() - self._booted) * 1_000)

    async def available(self, status: str) -> None:
        await self.say(AVAILABILITY.format(light=self.name), status.encode(), retain=True)

    async def report(self) -> None:
        report = self.model.report(self.up())
        await self.say(STATE.format(light=self.name), report.model_dump_json().encode(), retain=True)

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish anything; returns once the broker has it."""
        await self._client.publish(topic, payload, 1, retain)

    async def press_button(self, state: Power) -> None:
        self.model.change(LightWish(state=state))
        await self.report()

    async def reboot(self) -> None:
        self.model.reboot()
        self._booted = time.monotonic()
        await self.available("online")
        await self.report()

    async def hears(self, count: int) -> None:
        """Wait until so many set messages came in."""
        async with asyncio.timeout(WAIT_S), self._something:
            await self._something.wait_for(lambda: len(self.heard) >= count)

    async def _run(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            command = decode_set(message.payload)
            if not self.deaf:
                self.model.receive(command, self.up())
                await self.report()
            async with self._something:
                self.heard.append(command)
                self._something.notify_all()
            if self._is_over:  # Python before 3.12 may lose a cancellation to an answer that comes in the same moment
                return
