"""The firmware in its 112 kB: press after press on a real broker, with a live heap that does not grow."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import pytest

from broker.accounts import Accounts
from broker.mosquitto import Mosquitto
from contract.mqtt import Report, decode_report
from contract.topics import HOME_ASSISTANT_USER, SET, STATE
from presslight.simulated_light import SimulatedLight

ORIGINS = 12
IN_FLIGHT = 16
LINK_S = 20
HEAP = 112 * 1024
UNHEARD = Report(state="OFF", brightness=1, boot="00000000", up=0, version=(0, 0))
SETTLING = 4_096
"""What the first presses take for good: names, and a table and buffers at their full size. 2,000 leaks are more."""


@dataclass
class Hand:
    """A bare MQTT client that presses with keys and hears the light's reports."""

    client: aiomqtt.Client
    light: SimulatedLight
    report: Report
    heard: float
    pressed: int = 0

    async def press(self) -> None:
        """Send the next press: another value, a key of one of a dozen origins, a deadline 30 s ahead."""
        self.pressed += 1
        number, origin = divmod(self.pressed, ORIGINS)
        up = self.report.up + int((time.monotonic() - self.heard) * 1_000) + 30_000
        command = {
            "state": "ON" if self.pressed % 2 else "OFF",
            "brightness": 1 + self.pressed % 255,
            "key": f"{origin:016x}-{number + 1}",
            "not_after": {"boot": self.report.boot, "up": up},
        }
        await self.client.publish(SET.format(light="kitchen"), json.dumps(command), qos=1)

    async def next(self) -> Report:
        """Wait for the light's next report."""
        async for message in self.client.messages:
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
async def hand(folder: Path) -> AsyncIterator[Hand]:
    """A light in 112 kB on Mosquitto, and a hand on it."""
    accounts = Accounts.make(["kitchen"], others=[HOME_ASSISTANT_USER])
    async with AsyncExitStack() as exits:
        broker = await exits.enter_async_context(Mosquitto(accounts))
        address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
        light = await exits.enter_async_context(SimulatedLight("kitchen", address, folder, heap="112k"))
        async with asyncio.timeout(LINK_S):
            await light.until(lambda glow: glow.link == "up")
        client = aiomqtt.Client(
            broker.address.host,
            broker.address.port,
            username=HOME_ASSISTANT_USER,
            password=accounts.password(HOME_ASSISTANT_USER),
            identifier=HOME_ASSISTANT_USER,
            socket_options=[(6, 1, 1)],  # TCP_NODELAY
            max_queued_outgoing_messages=0,
        )
        await exits.enter_async_context(client)
        await client.subscribe(STATE.format(light="kitchen"), qos=1)
        made = Hand(client, light, UNHEARD, time.monotonic())
        await made.next()
        yield made


async def test_presses_leave_no_trace_in_the_heap(tmp_path: Path) -> None:
    async with hand(tmp_path) as presser:
        at_birth = presser.report.heap
        await presser.press_many(2_000)
        later = (await presser.beat()).heap
    assert 0 < later < at_birth + SETTLING < HEAP


@pytest.mark.nightly
@pytest.mark.timeout(900)
async def test_a_hundred_thousand_presses_leave_no_trace_in_the_heap(tmp_path: Path) -> None:
    async with hand(tmp_path) as presser:
        await presser.press_many(10_000)
        heaps = [(await presser.beat()).heap]
        for _ in range(9):
            await presser.press_many(10_000)
            heaps.append((await presser.beat()).heap)
        assert presser.report.decided == 100_000
    assert max(heaps) < HEAP
    assert max(heaps[1:]) <= heaps[0], heaps
