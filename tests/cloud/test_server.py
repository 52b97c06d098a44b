import asyncio
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest

from presslight.cloud.errors import BridgeFailed, CannotListen, StoreUnavailable
from presslight.cloud.mqtt.client import MqttClient, MqttListener
from presslight.cloud.server import LONGEST_FRAME_BYTES, BridgeServer, serve_options
from presslight.cloud.settings import Settings
from presslight.cloud.telemetry.metrics import Metrics
from presslight.cloud.telemetry.observer import BridgeObserver
from presslight.contract import tcp
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import CloseCode
from tests.cloud.conftest import House
from tests.cloud.raw_phone import WAIT_S


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a broker that does not exist."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Settings(broker=BrokerAddress(host="127.0.0.1", port=port), store=tmp_path / "presses.db")


async def test_port_0_takes_a_free_one_and_gives_it_back(settings: Settings) -> None:
    async with BridgeServer(settings, port=0) as bridge:
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{bridge.url}/healthz")).status_code == 200
        port = bridge.port
    socket.create_server(("127.0.0.1", port)).close()


async def test_port_in_use_is_one_clear_line(settings: Settings) -> None:
    async with BridgeServer(settings, port=0) as bridge:
        with pytest.raises(CannotListen) as refused:
            await BridgeServer(settings, port=bridge.port).__aenter__()
        assert refused.value.code == "port_in_use"
        assert (
            str(refused.value)
            == f"port {bridge.port} on 127.0.0.1 is in use: name another one with --port (make demo PORT=8788)"
        )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_address_that_is_not_ours_is_one_clear_line(settings: Settings, host: str) -> None:
    with pytest.raises(CannotListen, match=host) as refused:
        await BridgeServer(settings, host, 0).__aenter__()
    assert refused.value.code == "cannot_listen"
    assert "\n" not in str(refused.value)


async def test_store_that_cannot_be_opened_ends_the_start(settings: Settings, tmp_path: Path) -> None:
    missing = settings.model_copy(update={"store": tmp_path / "missing" / "presses.db"})
    with pytest.raises(StoreUnavailable):
        await BridgeServer(missing, port=0).__aenter__()


async def test_bridge_over_ipv6_has_a_url(settings: Settings) -> None:
    async with BridgeServer(settings, "::1", 0) as bridge, httpx.AsyncClient() as http:
        assert bridge.url.startswith("http://[::1]:")
        assert (await http.get(f"{bridge.url}/healthz")).status_code == 200


async def test_phones_are_told_that_the_bridge_restarts(house: House) -> None:
    phones = [await house.phone() for _ in range(5)]
    await house.server.__aexit__(None, None, None)
    assert [await phone.closed() for phone in phones] == [CloseCode.RESTART] * 5
    assert CloseCode.RESTART.reconnect


async def test_last_words_are_in_the_store_when_the_bridge_has_ended(house: House) -> None:
    await house.light()
    phone = await house.phone()
    await phone.press()
    await phone.until("outcome", final=True)
    await house.server.__aexit__(None, None, None)
    with sqlite3.connect(house.bridge.settings.store) as db:
        assert db.execute("SELECT word FROM presses").fetchall() == [("applied",)]
    db.close()


async def test_ended_bridge_leaves_no_task(settings: Settings) -> None:
    before = asyncio.all_tasks()
    async with BridgeServer(settings, port=0):
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before


async def test_watch_returns_when_the_bridge_was_stopped(settings: Settings) -> None:
    async with BridgeServer(settings, port=0) as bridge:
        watching = asyncio.create_task(bridge.wait_until_stopped())
    async with asyncio.timeout(WAIT_S):
        await watching


async def test_bridge_that_ends_by_itself_says_so_and_lets_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = asyncio.Event()

    async def run(self: MqttClient, listener: MqttListener) -> None:
        await broken.wait()
        raise RuntimeError("a defect")

    monkeypatch.setattr(MqttClient, "run", run)
    bridge = await BridgeServer(settings, port=0).__aenter__()
    broken.set()
    with pytest.raises(BridgeFailed):
        async with asyncio.timeout(WAIT_S):
            await bridge.wait_until_stopped()
    with pytest.raises(ExceptionGroup):
        await bridge.__aexit__(None, None, None)
    socket.create_server(("127.0.0.1", bridge.port)).close()


async def test_every_phones_socket_sends_without_delay_and_takes_little_unread(house: House) -> None:
    await house.phone()
    server = house.server._server
    (connection,) = [c for c in server.server_state.connections if hasattr(c, "send_texts")]
    sock = connection.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * tcp.RECEIVE_BUFFER_BYTES


def test_options_hold_for_any_runner() -> None:
    options = serve_options(BridgeObserver(Metrics()))
    assert (options["ws_per_message_deflate"], options["ws_max_size"]) == (False, LONGEST_FRAME_BYTES)
    assert (options["access_log"], options["ws_ping_interval"]) == (False, None)
