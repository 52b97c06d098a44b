"""What a phone says of each thing that keeps it from its bridge; the last ones with real servers in its way."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from presslight.mobile_sim.address import BridgeAddress
from presslight.mobile_sim.connection import LinkListener, Silent
from presslight.mobile_sim.errors import Unreachable
from presslight.mobile_sim.link import Link, leaves
from presslight.mobile_sim.phone import Phone
from presslight.mobile_sim.trouble import describe
from tests import certificates
from tests.certificates import DAY
from tests.tcp_server import tcp_server

WAIT_S = 20


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "cannot find the server (name or service not known)"),
        (TimeoutError(), "no answer in time"),
        (ConnectionClosedError(Close(1011, ""), None), "the bridge closed the socket (1011)"),
        (ConnectionClosedError(None, None), "the bridge closed the socket (without a word)"),
        (Silent(), "Silent"),
    ],
)
def test_trouble_is_told_in_a_clause(error: Exception, clause: str) -> None:
    assert describe(error) == clause


@asynccontextmanager
async def server(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that gives everybody the same answer, whatever they ask."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with tcp_server(speak, context=context) as port:
        yield port


async def complaint(url: str) -> str:
    """What a phone's link says of its first attempt, where no bridge is."""
    nobody = LinkListener(dict, lambda _: None, lambda _: None, lambda: None)
    try:
        async with asyncio.timeout(WAIT_S):
            await Link(BridgeAddress.parse(url).socket, "token", nobody, client="test")._live()
    except Exception as error:
        return "; ".join(describe(leaf) for leaf in leaves(ExceptionGroup("", [error])))
    raise AssertionError("there was a bridge")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/welcome\r\nContent-Length: 0\r\n\r\n", "sent elsewhere"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome", "HTTP 200"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP 403"),
        (b"220 mail.example ESMTP\r\n", "no HTTP"),
    ],
)
async def test_network_that_answers_in_the_bridges_place_is_named(answer: bytes, cause: str) -> None:
    async with server(answer) as port:
        said = await complaint(f"http://127.0.0.1:{port}")
    assert said == f"this network blocks the app, or there is no bridge at this address ({cause})"


async def test_name_that_the_bridge_was_not_told_is_named() -> None:
    async with server(b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n") as port:
        said = await complaint(f"http://127.0.0.1:{port}")
    assert said.startswith("the bridge is not known by the name that it is asked by")
    assert "--allowed-host" in said


async def test_name_that_is_not_found_is_told() -> None:
    assert "cannot find the server" in await complaint("http://bridge.invalid:8787")


async def test_name_service_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answered.wait(WAIT_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        with pytest.raises(Unreachable, match="no answer yet"):
            async with asyncio.timeout(WAIT_S / 2), Phone("http://bridge.example:8787", "token", connect_ms=100):
                pass
    finally:
        answered.set()


Signed = Callable[..., ssl.SSLContext]


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signed:
    """Make a server's certificate, of an authority that the phone trusts unless told otherwise."""

    def sign(name: str = "127.0.0.1", *, trusted: bool = True, **dates: timedelta) -> ssl.SSLContext:
        made = certificates.make(tmp_path, name, **dates)
        monkeypatch.setenv("SSL_CERT_FILE", str(made.ca if trusted else tmp_path / "nobody.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.server)
        return context

    return sign


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        ({"since": -2 * DAY, "until": -DAY}, "certificate has expired"),
        ({"since": DAY, "until": 2 * DAY}, "certificate is not yet valid"),
        ({"name": "lights.example"}, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
        ({"trusted": False}, "unable to get local issuer certificate"),
    ],
)
async def test_certificate_that_does_not_hold_is_a_server_certificate_problem(
    signed: Signed, made: dict[str, timedelta | str | bool], cause: str
) -> None:
    async with server(b"", signed(**made)) as port:
        said = await complaint(f"https://127.0.0.1:{port}")
    assert f"server certificate problem: {cause}" in said


async def test_certificate_that_holds_is_none(signed: Signed) -> None:
    async with server(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", signed()) as port:
        assert "HTTP 403" in await complaint(f"https://127.0.0.1:{port}")
