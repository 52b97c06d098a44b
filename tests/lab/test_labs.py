"""Both labs carry bytes, late, and leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.lab.fate import Weather
from tests.lab.namespace import is_permitted
from tests.lab.packet_lab import PacketLab
from tests.lab.proxy_lab import ProxyLab
from tests.tcp_server import tcp_server

WAIT_S = 30
LABS = [pytest.param(PacketLab, marks=pytest.mark.skipif(not is_permitted(), reason="no namespaces here")), ProxyLab]


@asynccontextmanager
async def echo(host: str) -> AsyncIterator[int]:
    """The port of a server that answers each line with itself."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            writer.write(line)

    async with tcp_server(answer, host) as port:
        yield port


async def asked(url: str, then: Callable[[], Awaitable[None]] | None = None) -> float:
    """How long a line and its echo took, in s."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    began = asyncio.get_running_loop().time()
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    took = asyncio.get_running_loop().time() - began
    writer.close()
    await writer.wait_closed()
    return took


def namespace() -> Path:
    """The one that this thread is in."""
    return Path("/proc/thread-self/ns/net").readlink()


def open_files() -> set[str]:
    """What this process has open, but for what comes and goes by itself."""
    return {str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}


@pytest.mark.parametrize("kind", LABS)
async def test_lab_carries_bytes_there_and_back_no_sooner_than_its_delay(kind: type[PacketLab | ProxyLab]) -> None:
    async with asyncio.timeout(WAIT_S), kind(Weather(100, loss=0)) as lab, echo(lab.host) as port:
        assert await lab.at_phone(asked(lab.url(port))) >= 0.2
    assert lab.report["connections"] == 1


@pytest.mark.parametrize("kind", LABS)
async def test_cut_lab_carries_nothing_until_it_is_mended(kind: type[PacketLab | ProxyLab]) -> None:
    async with asyncio.timeout(WAIT_S), kind(Weather(1, loss=0)) as lab, echo(lab.host) as port:
        await lab.say("cut down")
        task = asyncio.create_task(lab.at_phone(asked(lab.url(port))))
        done, _ = await asyncio.wait([task], timeout=0.3)
        assert not done
        await lab.say("mend")
        await task


@pytest.mark.parametrize("kind", LABS)
async def test_lab_that_fails_leaves_its_namespace(kind: type[PacketLab | ProxyLab]) -> None:
    before = namespace()
    with pytest.raises(RuntimeError, match="in the middle"):
        async with kind(Weather(1, loss=0)):
            raise RuntimeError("in the middle")
    assert namespace() == before
    assert not [name for name in open_files() if "tun" in name or name.startswith("net:")]
