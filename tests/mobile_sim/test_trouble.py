"""What a phone says of each thing that keeps it from its bridge; the last ones with real servers in its way."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from mobile_sim.connection import Ear, Silent
from mobile_sim.errors import Unreachable
from mobile_sim.link import Link, leaves
from mobile_sim.phone import Phone
from mobile_sim.trouble import describe

WAIT_S = 20
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


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
    talks: list[asyncio.Task[None]] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(speak(reader, writer)))

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*talks, return_exceptions=True)


async def complaint(url: str) -> str:
    """What a phone's link says of its first attempt, where no bridge is."""
    nobody = Ear(dict, lambda _: None, lambda _: None, lambda: None)
    try:
        async with asyncio.timeout(WAIT_S):
            await Link(url, "token", nobody, client="test")._live()
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
    ca_key, ca_name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=test authority")

    def make(
        name: str = "127.0.0.1", *, since: timedelta = -DAY, until: timedelta = DAY, trusted: bool = True
    ) -> ssl.SSLContext:
        ca = _certificate(
            ca_name, ca_name, ca_key, ca_key, -9 * DAY, 9 * DAY, x509.BasicConstraints(ca=True, path_length=0)
        )
        key = ec.generate_private_key(ec.SECP256R1())
        where = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        certificate = _certificate(
            x509.Name([]), ca_name, key, ca_key, since, until, x509.SubjectAlternativeName([where])
        )
        (tmp_path / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM) if trusted else b"")
        (tmp_path / "server.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        return context

    return make


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    since: timedelta,
    until: timedelta,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + until)
        .add_extension(extension, critical=True)
        .sign(ca_key, hashes.SHA256())
    )


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
