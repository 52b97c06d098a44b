"""The wire's own rules, with a socket that a test plays; what goes over real ones is in `test_session.py`."""

import asyncio
import importlib
import socket
import sys
from errno import ECONNREFUSED, EINPROGRESS, ENOMEM
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lamp import resolver
from lamp.packet import Outbox


class Socket:
    """Takes what `takes` says at each write: a number of bytes, or None for not now."""

    def __init__(self, *_: int) -> None:
        self.takes: list[int | None] = []
        self.got = b""
        self.offers: list[int] = []
        self.reads: list[bytes | None] = []
        self.options: list[tuple[int, ...]] = []
        self.connect_error = EINPROGRESS
        self.address: object = None
        self.closed = 0

    def setblocking(self, is_blocking: bool) -> None:
        assert not is_blocking

    def setsockopt(self, *option: int) -> None:
        self.options.append(option)

    def connect(self, address: object) -> None:
        self.address = address
        raise OSError(self.connect_error, "")

    def write(self, content: memoryview) -> int | None:
        self.offers.append(len(content))
        count = self.takes.pop(0) if self.takes else len(content)
        self.got += bytes(content[: count or 0])
        return count

    def readinto(self, room: memoryview) -> int | None:
        chunk = self.reads.pop(0) if self.reads else None
        if chunk is None:
            return None
        room[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self.closed += 1


WIFI = SimpleNamespace(station="the station")


class Harness:
    """`look_ups`: the names that were looked up. `known`: the addresses that come of it; none where it fails."""

    def __init__(self) -> None:
        self.wire: Any = None
        self.settings = SimpleNamespace(host="broker", port=1883, has_tls=False)
        self.sockets: list[Socket] = []
        self.look_ups: list[str] = []
        self.known: tuple[str, ...] = ("10.0.0.1", "10.0.1.1")

    def socket(self, *kind: int) -> Socket:
        self.sockets.append(Socket(*kind))
        return self.sockets[-1]

    async def resolve(self, name: str, station: object) -> tuple[str, ...]:
        assert station == WIFI.station
        self.look_ups.append(name)
        if not self.known:
            raise OSError("the name server is silent")
        return self.known


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    core = ModuleType("asyncio.core")
    core._io_queue = SimpleNamespace(queue_read=id, queue_write=id)  # type: ignore[attr-defined]  # a module for this test
    monkeypatch.setitem(sys.modules, "asyncio.core", core)
    monkeypatch.setattr(asyncio, "core", core, raising=False)
    monkeypatch.delitem(sys.modules, "lamp.wire", raising=False)
    wire = importlib.import_module("lamp.wire")

    harness = Harness()
    played = SimpleNamespace(
        socket=harness.socket, AF_INET=2, SOCK_STREAM=1, IPPROTO_TCP=socket.IPPROTO_TCP, TCP_NODELAY=socket.TCP_NODELAY
    )
    monkeypatch.setattr(wire, "socket", played)
    monkeypatch.setattr(resolver, "resolve", harness.resolve)
    harness.wire = wire.Wire(harness.settings, WIFI)
    return harness


def opened(harness: Harness) -> Socket:
    """Open, without the generator by which the wire waits under MicroPython: here it need not wait."""

    async def at_once() -> None:
        return None

    harness.wire.writable = at_once
    asyncio.run(harness.wire.open())
    return harness.sockets[-1]


def outbox_of(*packets: bytes) -> Outbox:
    outbox = Outbox(256)
    for packet in packets:
        outbox._put(packet)
    return outbox


def test_socket_sends_each_packet_at_once(harness: Harness) -> None:
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in opened(harness).options


def test_connection_that_is_refused_at_once_is_an_oserror(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Socket, "connect", lambda *_: (_ for _ in ()).throw(OSError(ECONNREFUSED, "")))
    with pytest.raises(OSError, match=str(ECONNREFUSED)):
        opened(harness)


def test_connection_that_is_refused_later_is_an_oserror_of_the_opening(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel calls such a socket writable; the link must not take it for one that somebody took."""
    monkeypatch.setattr(Socket, "readinto", lambda *_: (_ for _ in ()).throw(OSError(ECONNREFUSED, "")))
    with pytest.raises(OSError, match=str(ECONNREFUSED)):
        opened(harness)


def test_connection_that_is_closed_at_once_is_an_oserror_of_the_opening(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Socket, "readinto", lambda *_: 0)
    with pytest.raises(OSError, match="closed by the broker"):
        opened(harness)


def test_name_is_looked_up_once(harness: Harness) -> None:
    for _ in range(5):
        opened(harness)
        harness.wire.settle()
    assert harness.look_ups == ["broker"]


def test_name_is_looked_up_again_after_many_failures(harness: Harness) -> None:
    for _ in range(16):
        opened(harness)
    assert len(harness.look_ups) == 3


def test_addresses_that_were_good_stay_where_nobody_knows_the_name_any_more(harness: Harness) -> None:
    opened(harness)
    harness.known = ()
    tried = [opened(harness).address for _ in range(8)]
    assert len(harness.look_ups) == 2
    assert set(tried) == {("10.0.0.1", 1883), ("10.0.1.1", 1883)}


def test_name_that_nobody_knows_is_an_oserror_and_asked_for_each_time(harness: Harness) -> None:
    harness.known = ()
    for _ in range(3):
        with pytest.raises(OSError, match="silent"):
            opened(harness)
    assert len(harness.look_ups) == 3
    assert harness.sockets == []


def test_address_in_digits_is_not_looked_up(harness: Harness) -> None:
    harness.settings.host = "192.0.2.7"
    assert {opened(harness).address for _ in range(9)} == {("192.0.2.7", 1883)}
    assert harness.look_ups == []


@pytest.mark.parametrize("host", ["999.1.1.1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2..4", "1234", "1.2.3.4."])
def test_digits_that_are_no_address_are_a_name(harness: Harness, host: str) -> None:
    harness.settings.host = host
    opened(harness)
    assert harness.look_ups == [host]


@pytest.mark.parametrize("host", ["0.0.0.0", "255.255.255.255"])
def test_each_part_of_an_address_is_up_to_255(harness: Harness, host: str) -> None:
    harness.settings.host = host
    assert opened(harness).address == (host, 1883)


def test_addresses_of_a_name_are_tried_in_turn_until_one_works(harness: Harness) -> None:
    tried = [opened(harness).address for _ in range(3)]
    assert tried == [("10.0.0.1", 1883), ("10.0.1.1", 1883), ("10.0.0.1", 1883)]
    opened(harness)
    harness.wire.settle()
    assert opened(harness).address == ("10.0.1.1", 1883)


def test_whoever_answers_and_lets_nobody_in_is_no_success(harness: Harness) -> None:
    """A broker that refuses, or what took a broker's old address: one byte of it would keep the light there."""
    tried = []
    for _ in range(3):
        peer = opened(harness)
        peer.reads.append(b"\x20\x02\x00\x05")
        harness.wire.read(memoryview(bytearray(9)))
        tried.append(peer.address)
        harness.wire.close()
    assert tried == [("10.0.0.1", 1883), ("10.0.1.1", 1883), ("10.0.0.1", 1883)]


def test_handshake_that_goes_on_is_no_success(harness: Harness) -> None:
    """A TLS socket is readable while it shakes hands, and gives nothing; its broker may still be the wrong one."""
    for expected in ("10.0.0.1", "10.0.1.1"):
        peer = opened(harness)
        assert peer.address == (expected, 1883)
        assert harness.wire.read(memoryview(bytearray(9))) == 0
        harness.wire.close()


class Tls:
    """Gives what `secured` of `lamp.secure` gives, or raises what TLS does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.wrapped: list[Socket] = []

    def secured(self, _plain: Socket, _settings: object) -> Socket:
        if self.error:
            raise self.error
        self.wrapped.append(Socket())
        return self.wrapped[-1]


class Date:
    """Counts what the wire asks of `lamp.date`."""

    def __init__(self, _: object) -> None:
        self.is_due = False
        self.updates = 0
        self.settled = 0

    async def update(self) -> None:
        self.updates += 1

    def settle(self) -> None:
        self.settled += 1


def over_tls(harness: Harness, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> Tls:
    """Give the harness a wire with TLS in it."""
    tls = Tls(error)
    monkeypatch.setitem(sys.modules, "tls", ModuleType("tls"))
    monkeypatch.setitem(sys.modules, "lamp.date", SimpleNamespace(Date=Date))
    monkeypatch.delitem(sys.modules, "lamp.secure", raising=False)
    secure = importlib.import_module("lamp.secure")
    monkeypatch.delitem(sys.modules, "lamp.secure")
    monkeypatch.setattr(secure, "secured", tls.secured)
    harness.wire = secure.SecureWire(harness.settings, WIFI, None)
    return tls


def test_socket_under_tls_is_closed_too(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake that fails makes TLS forget its socket, which then stayed open until a collection."""
    tls = over_tls(harness, monkeypatch)
    plain = opened(harness)
    harness.wire.close()
    assert (plain.closed, tls.wrapped[0].closed) == (1, 1)


def test_socket_that_tls_refuses_is_closed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    over_tls(harness, monkeypatch, OSError("the CA's file holds no certificate"))
    with pytest.raises(OSError, match="no certificate"):
        opened(harness)
    harness.wire.close()
    assert harness.sockets[-1].closed > 0


@pytest.mark.parametrize(
    "error",
    [
        OSError(ENOMEM, ""),
        MemoryError(),
        OSError(16, ""),
        OSError(-0x2880, "X509 - Allocation of memory failed"),
        OSError(-0x4D80, "ECP - Memory allocation failed"),
    ],
    ids=["errno", "heap", "large integer", "certificate", "curve"],
)
def test_want_of_memory_in_tls_is_waited_out_and_then_a_new_start(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    over_tls(harness, monkeypatch, error)
    for _ in range(15):
        with pytest.raises(OSError, match=str(ENOMEM)):
            opened(harness)
        harness.wire.close()
    with pytest.raises(MemoryError):
        opened(harness)


def test_want_of_memory_in_the_handshake_is_waited_out_and_then_a_new_start(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = over_tls(harness, monkeypatch)
    monkeypatch.setattr(Socket, "write", lambda *_: (_ for _ in ()).throw(OSError(ENOMEM, "")))
    for _ in range(15):
        opened(harness)
        with pytest.raises(OSError, match=str(ENOMEM)):
            harness.wire.send(outbox_of(b"x"))
        harness.wire.close()
    opened(harness)
    with pytest.raises(MemoryError):
        harness.wire.send(outbox_of(b"x"))
    assert len(tls.wrapped) == 16


def test_broker_that_refuses_is_never_a_new_start(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    over_tls(harness, monkeypatch, ValueError("certificate expired\n"))
    for _ in range(40):
        with pytest.raises(OSError, match=r"TLS: certificate expired$"):
            opened(harness)


@pytest.mark.parametrize(
    ("error", "is_due"),
    [
        (ValueError("The certificate validity has expired\n"), True),
        (ValueError("The certificate validity starts in the future\n"), True),
        (ValueError("The certificate is not correctly signed by the trusted CA\n"), False),
        (OSError("the CA's file holds no certificate"), False),
    ],
    ids=["expired", "too young", "of another CA", "no CA"],
)
def test_date_is_in_doubt_where_a_certificate_is_too_old_or_too_young(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, error: Exception, is_due: bool
) -> None:
    over_tls(harness, monkeypatch, error)
    for _ in range(2):
        with pytest.raises(OSError, match="certificate"):
            opened(harness)
    assert (harness.wire.date.updates, harness.wire.date.is_due) == (2, is_due)


def test_date_is_proven_once_the_broker_lets_the_light_in(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    over_tls(harness, monkeypatch)
    opened(harness)
    assert harness.wire.date.settled == 0
    harness.wire.settle()
    assert harness.wire.date.settled == 1


def test_everything_that_waits_is_sent_in_order(harness: Harness) -> None:
    peer = opened(harness)
    peer.takes = [2, 3]
    outbox = outbox_of(b"abc", b"defgh")
    assert harness.wire.send(outbox)
    assert peer.got == b"abcdefgh"
    assert len(outbox.waiting()) == 0


def test_offer_that_was_not_taken_is_made_again_just_as_long(harness: Harness) -> None:
    """TLS has sealed that much already; a longer offer would be counted as sent and never go out."""
    peer = opened(harness)
    peer.takes = [None]
    outbox = outbox_of(b"abc")
    assert not harness.wire.send(outbox)
    outbox._put(b"def")
    peer.takes = [None, 3, 3]
    assert not harness.wire.send(outbox)
    assert harness.wire.send(outbox)
    assert peer.offers == [3, 3, 3, 3]
    assert peer.got == b"abcdef"


def test_new_connection_owes_nothing_to_the_last_one(harness: Harness) -> None:
    opened(harness).takes = [None]
    harness.wire.send(outbox_of(b"abc"))
    harness.wire.close()
    peer = opened(harness)
    assert harness.wire.send(outbox_of(b"abcdef"))
    assert peer.offers == [6]


def test_read_gives_what_is_there_and_0_where_nothing_is(harness: Harness) -> None:
    room = memoryview(bytearray(9))
    opened(harness).reads = [b"ab", None]
    assert harness.wire.read(room) == 2
    assert harness.wire.read(room) == 0


def test_connection_that_the_broker_closed_is_an_oserror(harness: Harness) -> None:
    opened(harness).reads = [b""]
    with pytest.raises(OSError, match="closed by the broker"):
        harness.wire.read(memoryview(bytearray(9)))


def test_socket_is_closed_once(harness: Harness) -> None:
    peer = opened(harness)
    harness.wire.close()
    closed = peer.closed
    harness.wire.close()
    assert peer.closed == closed > 0
