"""The whole light as a program: how it ends, and what it does in the heap it has."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from broker.accounts import Accounts
from broker.mosquitto import Mosquitto
from contract.address import BrokerAddress
from contract.mqtt import Report, decode_report
from contract.topics import SET, STATE
from presslight.child import Child
from presslight.micropython import Command
from presslight.simulated_light import ENVIRONMENT, FIRMWARE, RESET, SimulatedLight
from tests.firmware.bare_broker import WAIT_S
from tests.firmware.odd_main import written
from tests.firmware.test_session import press

NAME = "kitchen"
IN_FLIGHT = 4


async def ran(micropython: Command, folder: Path, script: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the firmware started with a script of its own."""
    child = await Child.start([*micropython, "-X", "heapsize=1m", str(script)], folder, ENVIRONMENT)
    try:
        async with asyncio.timeout(WAIT_S):
            lines = [line.decode().rstrip() async for line in child.lines()]
            return await child.exit_code(), lines
    finally:
        await child.end()


async def test_light_without_settings_says_so_and_resets(micropython: Command, tmp_path: Path) -> None:
    code, lines = await ran(micropython, tmp_path, FIRMWARE / "main.py")
    assert code == RESET
    assert lines[-1].startswith("BadSettings: settings.json cannot be read")


@pytest.mark.parametrize("task", ["_beat", "_watch_button", "_save", "_session.run", "_session._receive"])
async def test_light_of_which_one_task_breaks_tells_it_and_resets(
    micropython: Command, tmp_path: Path, task: str
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"name": NAME, "host": "127.0.0.1", "port": 1}))
    owner, _, method = task.rpartition(".")
    where = "lamp.session.Session" if owner else "lamp.app.App"
    program = f"""
        import lamp.app
        async def broken(self, *_):
            raise RuntimeError('worn out')
        {where}.{method} = broken
    """
    code, lines = await ran(micropython, tmp_path, written(tmp_path, program))
    assert code == RESET
    assert "RuntimeError: worn out" in lines


class Hand:
    """Presses as fast as the light answers, a few presses in flight, over a real broker."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.heaps: list[int] = []

    async def reports(self) -> AsyncIterator[Report]:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            report = decode_report(message.payload)
            self.heaps.append(report.heap)
            yield report

    async def press(self, count: int) -> Report:
        """Press so often; gives the report in which the last one is decided."""
        await self.client.subscribe(STATE.format(light=NAME), qos=1)
        sent = 0
        async for report in self.reports():
            if report.decided == count:
                return report
            while sent < min(count, report.decided + IN_FLIGHT):
                sent += 1
                wish = press(report, sent, state="ON" if sent % 2 else "OFF", brightness=1 + sent % 255)
                await self.client.publish(SET.format(light=NAME), wish, qos=1)
        raise AssertionError("the broker has gone")


def client_of(address: BrokerAddress, user: str, password: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        address.host,
        address.port,
        username=user,
        password=password,
        identifier=user,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


@pytest.fixture
async def hand(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Hand]:
    """The light has the heap that the test asks for."""
    accounts = Accounts.make([NAME])
    async with Mosquitto(accounts) as broker:
        address = broker.address.signed_in_as(NAME, accounts.password(NAME))
        who = "bridge", accounts.password("bridge")
        async with (
            SimulatedLight(NAME, address, tmp_path, heap=request.param),
            client_of(broker.address, *who) as client,
        ):
            yield Hand(client)


async def endures(hand: Hand, count: int, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        last = await hand.press(count)
    assert last.decided == last.version[1] == count
    assert last.up > 0
    most, least = max(hand.heaps), min(hand.heaps)
    assert most - least < 4_096  # the first is from before the first link; a leak would be far more
    assert least < 98_000  # the same light takes up to 1 kB more or less, by the length of its folder's name


@pytest.mark.parametrize("hand", ["112k", "108k"], indirect=True)
async def test_light_endures_a_thousand_presses_in_112_kb_and_in_a_little_less(hand: Hand) -> None:
    await endures(hand, 1_000, WAIT_S)


@pytest.mark.nightly
@pytest.mark.parametrize("hand", ["112k"], indirect=True)
async def test_light_endures_a_hundred_thousand_presses_in_112_kb(hand: Hand) -> None:
    """About two minutes on two cores."""
    await endures(hand, 100_000, 1_200)
