"""One MQTT connection, on both brokers: delivery without a queue, loss, and closing at once."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from presslight.cloud.mqtt.broker_loss import SubscriptionRefused
from presslight.cloud.mqtt.connection import NODELAY, MqttConnection
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import ALL_AVAILABILITIES, ALL_STATES, AVAILABILITY, BRIDGE_USER, STATE
from tests.cloud.conftest import House
from tests.cloud.fake_light import FakeLight
from tests.cloud.raw_phone import WAIT_S, until
from tests.tcp_server import tcp_server


class Heard:
    """Messages and acknowledgements of a connection."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue()
        self.acks: asyncio.Queue[int] = asyncio.Queue()

    def message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.messages.put_nowait((topic, payload, retained))


@pytest.fixture
async def connection(any_house: House) -> AsyncIterator[tuple[MqttConnection, Heard]]:
    heard = Heard()
    opened = MqttConnection(any_house.address(BRIDGE_USER), "test", heard.message, heard.acks.put_nowait)
    try:
        yield opened, heard
    finally:
        await opened.close()


CANARY = f"presslight/bridge/{BRIDGE_USER}/canary"


async def test_connection_delivers_and_acknowledges(connection: tuple[MqttConnection, Heard]) -> None:
    opened, heard = connection
    await opened.open(ALL_STATES, CANARY)
    numbers = [opened.publish_nowait(CANARY, f"canary {number}".encode()) for number in range(100)]
    async with asyncio.timeout(WAIT_S):
        payloads = [await heard.messages.get() for _ in range(100)]
        acks = [await heard.acks.get() for _ in range(100)]
    assert payloads == [(CANARY, f"canary {number}".encode(), False) for number in range(100)]
    assert acks == numbers


async def test_connection_may_be_used_from_what_it_delivers(connection: tuple[MqttConnection, Heard]) -> None:
    opened, heard = connection

    def echo(topic: str, payload: bytes, kept: bool) -> None:
        if payload == b"first":
            opened.publish_nowait(CANARY, b"second")
        else:
            heard.message(topic, payload, kept)

    opened._deliver_to = echo
    await opened.open(CANARY)
    opened.publish_nowait(CANARY, b"first")
    async with asyncio.timeout(WAIT_S):
        assert (await heard.messages.get())[1] == b"second"


async def test_connection_sends_without_delay(connection: tuple[MqttConnection, Heard]) -> None:
    opened, _ = connection
    await opened.open(CANARY)
    sock: Any = opened._client.socket()
    assert sock.getsockopt(*NODELAY[:2]) != 0


async def test_connection_does_not_wait_for_room_that_it_has(connection: tuple[MqttConnection, Heard]) -> None:
    opened, heard = connection
    await opened.open(CANARY)
    opened.publish_nowait(CANARY, b"canary")
    async with asyncio.timeout(WAIT_S):
        await heard.messages.get()
    assert not opened._client.want_write()
    sock = opened._client.socket()
    assert sock
    assert not asyncio.get_running_loop().remove_writer(sock.fileno())


async def test_connection_that_is_closed_reads_nothing_more_of_what_waits(
    connection: tuple[MqttConnection, Heard],
) -> None:
    opened, heard = connection
    await opened.open(CANARY)
    for number in range(1_000):
        opened.publish_nowait(CANARY, b"%d" % number)
    async with asyncio.timeout(WAIT_S):
        await heard.messages.get()
        read = heard.messages.qsize()
        await opened.close()
    assert heard.messages.qsize() == read


async def test_connection_subscribes_to_more_topics_than_fit_in_one_packet(
    connection: tuple[MqttConnection, Heard],
) -> None:
    opened, heard = connection
    await opened.open(*[STATE.format(light=f"light-{number}-of-a-large-house") for number in range(1_024)], CANARY)
    opened.publish_nowait(CANARY, b"canary")
    async with asyncio.timeout(WAIT_S):
        assert (await heard.messages.get())[1] == b"canary"


async def test_connection_looks_at_what_is_kept_and_hears_nothing_that_is_said(
    connection: tuple[MqttConnection, Heard], any_house: House
) -> None:
    opened, heard = connection
    await opened.open(CANARY)
    async with FakeLight("kitchen", any_house.address("kitchen")) as light:
        await opened.fetch_retained(ALL_AVAILABILITIES)
        await light.available("offline")
        opened.publish_nowait(CANARY, b"canary")
        async with asyncio.timeout(WAIT_S):
            told = [await heard.messages.get()]
            while told[-1][0] != CANARY:
                told.append(await heard.messages.get())
    kitchen = AVAILABILITY.format(light="kitchen")
    assert [payload for topic, payload, _ in told if topic == kitchen] == [b"online"]
    assert [retained for *_, retained in told] == [True] * (len(told) - 1) + [False]


async def test_lost_connection_says_so_and_takes_nothing(
    connection: tuple[MqttConnection, Heard], any_house: House
) -> None:
    opened, _ = connection
    await opened.open(CANARY)
    await any_house.broker.stop()
    with pytest.raises(aiomqtt.MqttError):
        async with asyncio.timeout(WAIT_S):
            await opened.wait_lost()
    assert opened.publish_nowait(CANARY, b"canary") is None


@pytest.mark.parametrize("any_house", ["embedded"], indirect=True)  # Mosquitto 2.0 grants all and delivers nothing
async def test_connection_that_may_hear_nothing_says_so(any_house: House) -> None:
    opened = MqttConnection(any_house.address("hall"), "hall", lambda *_: None, lambda _: None)
    try:
        with pytest.raises(SubscriptionRefused):
            await opened.open("presslight/light/kitchen/set")
    finally:
        await opened.close()


async def test_connection_can_be_given_up_while_it_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = BrokerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        opened = MqttConnection(address, "test", lambda *_: None, lambda _: None)
        opening = asyncio.create_task(opened.open(CANARY))
        await until(lambda: opened._client.socket() is not None)
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
        await opened.close()
        assert opened._client.socket() is None


async def test_connection_does_not_wait_long_for_a_broker_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = BrokerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        opened = MqttConnection(address, "test", lambda *_: None, lambda _: None)
        with pytest.raises(aiomqtt.MqttError):
            await opened.open(CANARY)
        await opened.close()
        assert opened._client.socket() is None


async def test_certificate_that_cannot_be_read_is_an_error_of_the_broker(tmp_path: Path) -> None:
    address = BrokerAddress(host="127.0.0.1", port=1, tls=True, ca_file=str(tmp_path / "missing.pem"))
    with pytest.raises(aiomqtt.MqttError, match=r"missing\.pem"):
        MqttConnection(address, "test", lambda *_: None, lambda _: None)


async def test_connection_that_was_never_open_takes_nothing() -> None:
    closed = MqttConnection(BrokerAddress(host="127.0.0.1", port=1), "test", lambda *_: None, lambda _: None)
    assert closed.publish_nowait(CANARY, b"canary") is None


async def test_connection_passes_over_a_topic_that_is_no_text() -> None:
    """Reading it raised, so paho read it again for ever, and the connection was never closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x000\x04\x00\x01\xff10\x04\x00\x01a2"):
            await reader.read(1_024)
            writer.write(answer)
        await reader.read()

    heard = Heard()
    async with tcp_server(serve) as port, asyncio.timeout(WAIT_S):
        connection = MqttConnection(
            BrokerAddress(host="127.0.0.1", port=port), "test", heard.message, heard.acks.put_nowait
        )
        await connection.open("a")
        assert await heard.messages.get() == ("a", b"2", False)
        await connection.close()


async def test_connection_tells_at_once_of_a_broker_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.cloud.mqtt.connection.CONNECT_S", 600)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_024)
        writer.write(b"\x20\x02\x00\x01")
        await reader.read()

    heard = Heard()
    async with tcp_server(serve) as port, asyncio.timeout(WAIT_S):
        connection = MqttConnection(
            BrokerAddress(host="127.0.0.1", port=port), "test", heard.message, heard.acks.put_nowait
        )
        with pytest.raises(aiomqtt.MqttError, match=r"the broker does not speak MQTT 3\.1\.1"):
            await connection.open("a")
        await connection.close()
