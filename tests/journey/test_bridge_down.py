"""The bridge is deployed anew under load, and stands still for a while: once and true all the same."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from presslight.cloud.mqtt.aiomqtt_client import AiomqttClient
from presslight.contract.errors import CloseCode
from presslight.contract.phone import Hello
from presslight.contract.phone_codec import encode
from presslight.contract.topics import AVAILABILITY
from presslight.micropython import Command
from presslight.mobile_sim.events import PhoneStatus
from tests.cloud.raw_phone import until
from tests.faults.lab import WAIT_S, Lab
from tests.faults.truth import judge

PHONES = 4


async def test_deploy_under_load_loses_and_doubles_nothing(micropython: Command, tmp_path: Path) -> None:
    async with Lab(tmp_path, phones=PHONES) as lab:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for hand in lab.hands:
                tasks.create_task(hand.press_often(stop, 0.1))
            await pressed(lab, 5 * PHONES)
            async with greeted(lab) as socket:
                lab.bridge.process.send_signal(signal.SIGTERM)
                assert await close_code(socket) == CloseCode.RESTART
            await lab.bridge.process.communicate()
            await lab.bridge.start()
            await lab.all_show_truth()
            await pressed(lab, 5 * PHONES)
            stop.set()
        await lab.settled()
        await lab.all_show_truth()
        assert judge(lab.history) == []


async def test_bridge_that_stands_still_leaves_no_press_in_doubt_for_long(micropython: Command, tmp_path: Path) -> None:
    async with Lab(tmp_path) as lab:
        hand, pid = lab.hands[0], lab.bridge.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            press = await hand.press(3_000)  # it stands still for as long as that
        finally:
            os.kill(pid, signal.SIGCONT)
        assert press.status is PhoneStatus.UNCONFIRMED  # said at the press's deadline, and nothing false
        await lab.settled()
        assert (await hand.press(WAIT_S * 1_000)).status is PhoneStatus.APPLIED
        await lab.all_show_truth()
        assert judge(lab.history) == []


async def test_light_that_stays_dark_after_a_power_cut_of_the_house_is_offline(
    micropython: Command, tmp_path: Path
) -> None:
    """Broker and bridge come back; of what the broker kept, nothing had reached its disk."""
    async with Lab(tmp_path, lights=("kitchen", "hall")) as lab:
        phone = lab.phones["phone-1"]
        await lab.bridge.kill()
        await lab.broker.kill()
        for light in lab.lights.values():
            await light.power_cut()
        for saved in (tmp_path / "mosquitto").glob("*.db*"):
            saved.unlink()
        await lab.broker.start()
        await lab.bridge.start()
        await lab.lights["kitchen"].power_on()
        async with asyncio.timeout(WAIT_S):
            await phone.until(lambda lights: lights["kitchen"].online and not lights["hall"].online)
        await lab.lights["hall"].power_on()
        await lab.all_show_truth()


async def test_light_that_died_with_its_broker_is_offline_for_home_assistant_too(
    micropython: Command, tmp_path: Path
) -> None:
    """The broker comes back with `online` on its disk, and no will: the bridge corrects what it keeps."""
    async with Lab(tmp_path) as lab:
        await lab.all_show_truth()
        os.kill(lab.broker.pid, signal.SIGUSR1)  # Mosquitto saves what it keeps
        database = tmp_path / "mosquitto" / "mosquitto.db"
        await until(lambda: database.is_file() and b"online" in database.read_bytes())
        await lab.broker.kill()
        await lab.lights["kitchen"].power_cut()
        await lab.broker.start()
        address = lab.broker.address
        user, password = "kitchen", lab.accounts.password("kitchen")  # the light itself does not need it
        async with AiomqttClient(address.host, address.port, username=user, password=password) as client:
            await client.subscribe(AVAILABILITY.format(light="kitchen"), 1)
            async with asyncio.timeout(WAIT_S):
                heard = [bytes(message.payload) async for message in _up_to(client, b"offline")]
        assert heard == [b"online", b"offline"]
        await lab.lights["kitchen"].power_on()
        await lab.all_show_truth()


async def _up_to(client: aiomqtt.Client, payload: bytes) -> AsyncIterator[aiomqtt.Message]:
    async for message in client.messages:
        yield message
        if message.payload == payload:
            return


async def pressed(lab: Lab, count: int) -> None:
    """Wait until the light has acted so often again."""
    light = lab.lights["kitchen"]
    last = 0
    async with asyncio.timeout(WAIT_S):
        for _ in range(count):
            last = (await light.until(lambda output, last=last: output.us > last)).us  # type: ignore[misc] # mypy cannot type a lambda's default


@asynccontextmanager
async def greeted(lab: Lab) -> AsyncIterator[ClientConnection]:
    """A phone's socket that the bridge has welcomed."""
    async with connect(lab.bridge.url.replace("http", "ws", 1) + "/ws") as socket:
        await socket.send(encode(Hello(type="hello", versions=(1,), token=lab.bridge.token)))
        await socket.recv()
        yield socket


async def close_code(socket: ClientConnection) -> int:
    """With which code the bridge ends a phone's socket."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(WAIT_S):
            await listen(socket)
    assert closed.value.rcvd
    return closed.value.rcvd.code


async def listen(socket: ClientConnection) -> None:
    """Hear all there is, until the end."""
    while True:
        await socket.recv()
