import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from presslight.contract.errors import CloseCode, Invalid
from presslight.mobile_sim import backoff, link
from presslight.mobile_sim.backoff import Backoff
from presslight.mobile_sim.connection import LinkListener
from presslight.mobile_sim.errors import TurnedAway, Unreachable
from presslight.mobile_sim.events import PhoneStatus
from presslight.mobile_sim.phone import Phone
from tests.mobile_sim.fake_bridge import TOKEN, FakeBridge
from tests.tcp_server import tcp_server


@pytest.fixture
async def single_link(bridge: FakeBridge) -> AsyncIterator[Phone]:
    """A phone without a spare, so that a second hello is the same link's."""
    async with Phone(bridge.url, TOKEN, spare=False) as on:
        yield on


@pytest.mark.parametrize("code", [CloseCode.RESTART, CloseCode.SLOW, CloseCode.OVERLOADED, 1001, 1011])
async def test_phone_comes_back_after_a_close_that_allows_it(bridge: FakeBridge, single_link: Phone, code: int) -> None:
    await bridge.visits[0].close(code)
    await bridge.until(lambda: len(bridge.hellos) == 2)
    await single_link.until(lambda _: single_link.rtt_ms is not None)
    assert (await single_link.press("kitchen", state="ON")).status is PhoneStatus.APPLIED


@pytest.mark.parametrize("code", [CloseCode.UNAUTHENTICATED, CloseCode.ABUSE])
async def test_phone_stays_away_after_a_close_that_forbids_it(
    bridge: FakeBridge, single_link: Phone, code: int
) -> None:
    await bridge.visits[0].close(code)
    with pytest.raises(TurnedAway) as turned_away:
        await single_link.until(lambda _: False)
    assert turned_away.value.close_code == code
    with pytest.raises(TurnedAway):
        await single_link.press("kitchen", state="ON")
    assert len(bridge.hellos) == 1


async def test_phone_with_a_bad_token_is_turned_away_with_the_reason(bridge: FakeBridge) -> None:
    with pytest.raises(TurnedAway, match="token is not known"):
        async with Phone(bridge.url, "wrong"):
            pass


async def test_phone_without_a_bridge_says_what_is_wrong(bridge: FakeBridge) -> None:
    await bridge.stop()
    with pytest.raises(Unreachable, match=r"no bridge at http://127.0.0.1:\d+: .*refused"):
        async with Phone(bridge.url, TOKEN, connect_ms=200):
            pass


async def test_phone_that_finds_no_bridge_keeps_the_token_of_the_link_to_itself(bridge: FakeBridge) -> None:
    await bridge.stop()
    with pytest.raises(Unreachable) as unreachable:
        async with Phone(f"{bridge.url}/#token=s3cret", TOKEN, connect_ms=200):
            pass
    assert "s3cret" not in str(unreachable.value)


def test_phone_refuses_an_address_that_is_none() -> None:
    with pytest.raises(Invalid):
        Phone("mqtt://somewhere", TOKEN)


async def test_finger_cuts_the_wait_for_the_next_link_short(
    bridge: FakeBridge, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "BACKOFF_BASE_MS", 10**9)
    monkeypatch.setattr(backoff, "BACKOFF_CAP_MS", 10**9)
    monkeypatch.setattr(backoff, "BACKOFF_NOBODY_MS", 10**9)
    await bridge.stop()
    await phone.until(lambda _: phone.rtt_ms is None)
    await bridge.start()
    assert (await phone.press("kitchen", state="ON", patience_ms=10_000)).status is PhoneStatus.APPLIED


class DeafBridge:
    """Opens the WebSocket, and answers nothing that comes over it, neither `hello` nor that it is `closing`."""

    def __init__(self) -> None:
        self.hello = asyncio.Event()
        self.closing = asyncio.Event()
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        with suppress(ConnectionResetError):
            while received := await reader.read(65_536):
                protocol.receive_data(received)
                for event in protocol.events_received():
                    if isinstance(event, Request):
                        protocol.send_response(protocol.accept(event))
                        writer.write(b"".join(protocol.data_to_send()))
                    elif isinstance(event, Frame):
                        (self.closing if event.opcode is Opcode.CLOSE else self.hello).set()
        self.gone.set()


@pytest.mark.parametrize(
    ("handshake_ms", "closing_s"),
    [pytest.param(200, 1_000, id="while it closes"), pytest.param(1e6, 0.05, id="and is not answered in time")],
)
async def test_link_that_is_stopped_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch, handshake_ms: float, closing_s: float
) -> None:
    """Python 3.11.2 takes the closing's time-out for the cancellation that came before it."""
    monkeypatch.setattr(link, "HANDSHAKE_MS", handshake_ms)
    monkeypatch.setattr(link, "CLOSING_S", closing_s)
    bridge = DeafBridge()
    listener = LinkListener(dict, welcomed=lambda _: None, heard=lambda _: None, lost=lambda: None)
    async with asyncio.timeout(20), tcp_server(bridge.serve) as port:
        phone_link = link.Link(f"ws://127.0.0.1:{port}", TOKEN, listener, client="test")
        phone_link.start(lambda: None)
        await (bridge.closing if closing_s * 1_000 > handshake_ms else bridge.hello).wait()
        await phone_link.stop()
        await bridge.gone.wait()


class NotedWaits(Backoff):
    """Tells for how long each connection is said to have lived."""

    def __init__(self) -> None:
        super().__init__()
        self.lived: asyncio.Queue[float] = asyncio.Queue()

    def after(self, lived_ms: float, *, answered: bool = True) -> float:
        self.lived.put_nowait(lived_ms)
        return super().after(lived_ms, answered=answered)


async def test_connection_without_a_welcome_proves_nothing_however_long_it_stood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "HANDSHAKE_MS", 200)
    monkeypatch.setattr(link, "CLOSING_S", 0.05)
    waits = NotedWaits()
    listener = LinkListener(dict, welcomed=lambda _: None, heard=lambda _: None, lost=lambda: None)
    async with asyncio.timeout(20), tcp_server(DeafBridge().serve) as port:
        phone_link = link.Link(f"ws://127.0.0.1:{port}", TOKEN, listener, client="test", backoff=waits)
        phone_link.start(lambda: None)
        assert await waits.lived.get() == 0
        await phone_link.stop()
