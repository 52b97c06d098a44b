"""A whole light that has its broker by name: which address it takes, and what its button does meanwhile."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from presslight.broker.authority import Authority
from presslight.contract.address import BrokerAddress
from presslight.simulated.simulated_light import SimulatedLight
from tests.firmware.bare_broker import WAIT_S, BareBroker
from tests.firmware.name_answers import AAAA, address, answer, record
from tests.firmware.name_servers import Replies, name_servers
from tests.tcp_server import tcp_server

NAME = "kitchen"
BROKER = "broker.example"


def with_records(*records: bytes) -> Replies:
    return lambda sent: [answer(sent, records)]


def silent(_: bytes) -> list[bytes]:
    return []


HERE = with_records(address("127.0.0.1"))


def by_name(broker: BrokerAddress) -> BrokerAddress:
    return broker.model_copy(update={"host": BROKER})


async def test_light_finds_its_broker_by_name(tmp_path: Path) -> None:
    async with (
        BareBroker(NAME) as broker,
        name_servers(HERE) as (_, names),
        SimulatedLight(NAME, by_name(broker.address), tmp_path, names=names),
    ):
        await (await broker.visit()).welcome()


async def test_light_finds_its_broker_by_a_name_that_only_this_machine_knows(tmp_path: Path) -> None:
    async with BareBroker(NAME) as broker:
        here = broker.address.model_copy(update={"host": "localhost"})
        async with SimulatedLight(NAME, here, tmp_path):
            await (await broker.visit()).welcome()


async def test_light_takes_the_second_address_where_the_first_is_dead(tmp_path: Path) -> None:
    both = [address("127.0.0.9"), address("127.0.0.1")]
    async with BareBroker(NAME) as broker, name_servers(with_records(*both)) as ([server], names):
        async with SimulatedLight(NAME, by_name(broker.address), tmp_path, names=names):
            await (await broker.visit()).welcome()
        assert len(server.asked) == 1


async def test_name_without_an_ipv4_address_is_told_and_waited_out(tmp_path: Path) -> None:
    async with (
        BareBroker(NAME) as broker,
        name_servers(with_records(record(AAAA, bytes(16)))) as ([server], names),
        SimulatedLight(NAME, by_name(broker.address), tmp_path, names=names) as light,
    ):
        pid = light.pid
        async with asyncio.timeout(WAIT_S):
            await light.until(lambda output: "no IPv4 address" in output.log)
        for _ in range(4):
            await server.question()
        server.replies = HERE
        await (await broker.visit()).welcome()
        assert light.pid == pid


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority") / "ca")
    made.create(["127.0.0.1"])
    return made


def tls_light(authority: Authority, port: int, folder: Path) -> SimulatedLight:
    address = BrokerAddress(host="127.0.0.1", port=port, tls=True, ca_file=str(authority.ca))
    return SimulatedLight(NAME, address, folder)


async def press(light: SimulatedLight, words: str = "flash: kept") -> None:
    """Press, and see the lamp lit before the light says another word: whatever it waits for goes on.

    `words`: of the last line that it says before it waits; each boot has the first.
    """
    async with asyncio.timeout(WAIT_S):
        await light.until(lambda output: words in output.log)
        said = light.output.lines
        light.press_button()
        output = await light.until(lambda output: output.duty > 0)
    assert output.lines == said


async def test_button_works_while_the_name_server_is_silent(tmp_path: Path) -> None:
    async with name_servers(silent) as ([server], names):
        nowhere = BrokerAddress(host=BROKER, port=1883)
        async with SimulatedLight(NAME, nowhere, tmp_path, names=names) as light:
            first = await server.question()
            await press(light)
            assert await server.question() == first  # and only now is it asked again


async def test_button_works_while_the_connection_hangs(tmp_path: Path) -> None:
    """A listener with a full queue: the kernel drops its SYNs."""
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.connect(full.getsockname())
        async with name_servers(HERE) as ([server], names):
            deaf = BrokerAddress(host=BROKER, port=full.getsockname()[1])
            async with SimulatedLight(NAME, deaf, tmp_path, names=names) as light:
                await server.question()
                await press(light)


async def test_button_works_while_tls_hangs(authority: Authority, tmp_path: Path) -> None:
    greeted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        greeted.set()
        await reader.read()

    async with tcp_server(mute) as port, tls_light(authority, port, tmp_path) as light:
        async with asyncio.timeout(WAIT_S):
            await greeted.wait()
        await press(light, ", network")


async def test_handshake_that_fails_closes_its_connection(authority: Authority, tmp_path: Path) -> None:
    """TLS lets go of the socket then; it stayed open until the next collection of a heap that needed none."""
    closed: asyncio.Queue[None] = asyncio.Queue()

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        writer.write(b"this is no TLS\r\n" * 9)
        with suppress(ConnectionResetError):  # it has not read all of that
            while await reader.read(4_096):
                pass
        closed.put_nowait(None)

    async with tcp_server(odd) as port, tls_light(authority, port, tmp_path):
        async with asyncio.timeout(WAIT_S):
            for _ in range(3):
                await closed.get()
