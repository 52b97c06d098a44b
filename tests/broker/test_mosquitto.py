"""Mosquitto as a process: start, TLS, power cuts, and what is said when it cannot be."""

import asyncio
import logging
import os
import signal
import socket
import ssl
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from presslight.broker import mosquitto as module
from presslight.broker import ports
from presslight.broker.accounts import PASSWORDS, Accounts
from presslight.broker.acl import acl
from presslight.broker.authority import Authority
from presslight.broker.errors import AuthorityMissing, BrokerDied, BrokerSilent, MosquittoMissing, PortInUse
from presslight.broker.mosquitto import Mosquitto
from presslight.contract.address import BrokerAddress
from tests.broker.clients import Client, Wire, connect_packet, publish_packet
from tests.broker.conftest import Heard
from tests.broker.test_acl import lines_for_home_assistant

KITCHEN_STATE = "presslight/light/kitchen/state"
STATES = "presslight/light/+/state"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.create(["127.0.0.1", "localhost"])
    return made


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_power_cut_keeps_what_was_saved(kept: Mosquitto, accounts: Accounts, heard: Heard) -> None:
    kitchen, bridge = (kept.address.signed_in_as(user, accounts.password(user)) for user in ("kitchen", "bridge"))
    async with Client(kitchen) as client:
        await client.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
    os.kill(kept.pid, signal.SIGUSR1)  # save now rather than within 10 s
    await heard.until("Saving in-memory database")
    async with Client(kitchen):
        before = kept.address  # it has one thread: who is let in is let in after the saving
    await kept.kill()
    await kept.start()
    assert kept.address == before
    async with Client(bridge) as client:
        await client.subscribe(STATES, qos=1)
        assert await client.heard() == (KITCHEN_STATE, b"on")


async def test_stop_keeps_what_was_retained_where_there_is_a_folder(accounts: Accounts, tmp_path: Path) -> None:
    for retained in (b"on", None):
        async with Mosquitto(accounts, tmp_path / "with a space") as broker:
            if retained:
                address = broker.address.signed_in_as("kitchen", accounts.password("kitchen"))
                async with Client(address) as client:
                    await client.publish(KITCHEN_STATE, retained, qos=1, retain=True)
            else:
                async with Client(broker.address.signed_in_as("bridge", accounts.password("bridge"))) as client:
                    await client.subscribe(STATES, qos=1)
                    assert await client.heard() == (KITCHEN_STATE, b"on")


async def test_files_of_a_kept_folder_are_its_owner_s_alone(
    kept: Mosquitto, accounts: Accounts, tmp_path: Path
) -> None:
    folder = tmp_path / "mosquitto"
    assert modes(folder) == dict.fromkeys(("passwords", "acl", "mosquitto.conf"), 0o600)
    text = "".join((folder / name).read_text() for name in modes(folder))
    assert not any(accounts.password(user) in text for user in accounts.users)


async def test_end_leaves_no_process_no_port_no_folder(
    accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with Mosquitto(accounts) as broker:
        pid, address = broker.pid, broker.address
        assert modes(tmp_path)
    assert not runs(pid)
    assert not modes(tmp_path)
    socket.create_server((address.host, address.port)).close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with pytest.raises(BrokerDied):
        _ = broker.pid


async def test_tls_works_with_our_authority(accounts: Accounts, authority: Authority) -> None:
    async with Mosquitto(accounts, tls=True, authority=authority) as broker:
        address = broker.tls_address.signed_in_as("kitchen", accounts.password("kitchen"))
        assert address.url().startswith("mqtts://kitchen:")
        async with (
            Client(address) as kitchen,
            Client(broker.address.signed_in_as("bridge", accounts.password("bridge"))) as bridge,
        ):
            await bridge.subscribe(STATES, qos=1)
            await kitchen.publish(KITCHEN_STATE, b"on", qos=1)
            assert await bridge.heard() == (KITCHEN_STATE, b"on")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_speaks_both_versions_that_are_safe(
    accounts: Accounts, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context(cafile=authority.ca)
    context.minimum_version = context.maximum_version = version
    async with Mosquitto(accounts, tls=True, authority=authority) as broker:
        _, writer = await asyncio.open_connection(broker.tls_address.host, broker.tls_address.port, ssl=context)
        assert writer.get_extra_info("ssl_object").version() == version.name.replace("_", ".")
        writer.close()
        await writer.wait_closed()


async def test_tls_of_another_authority_is_refused(accounts: Accounts, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    other.create(["127.0.0.1"])
    async with Mosquitto(accounts, tls=True, authority=authority) as broker:
        address, context = broker.tls_address, ssl.create_default_context(cafile=other.ca)
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(address.host, address.port, ssl=context)


async def test_tls_without_an_authority_says_how_to_make_one(accounts: Accounts) -> None:
    with pytest.raises(AuthorityMissing, match=r"broker\.authority"):
        await Mosquitto(accounts, tls=True).start()
    async with Mosquitto(accounts) as broker:
        with pytest.raises(AuthorityMissing):
            _ = broker.tls_address


async def test_port_in_use_is_said_in_one_line(accounts: Accounts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"^port {port} on 127.0.0.1 is in use by another program$") as told:
            await Mosquitto(accounts, port=port).start()
    assert told.value.code == "port_in_use"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_free_port_that_is_taken_meanwhile_is_replaced(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = ports.find_free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offered = iter([taken.getsockname()[1]])
        monkeypatch.setattr(ports, "find_free_port", lambda host: next(offered, None) or free(host))
        async with Mosquitto(accounts) as broker:
            assert broker.address.port != taken.getsockname()[1]


async def test_missing_mosquitto_is_said_in_one_line(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(module, "SEARCHED", "")
    with pytest.raises(MosquittoMissing, match="apt-get install mosquitto") as told:
        await Mosquitto(accounts).start()
    assert told.value.code == "mosquitto_missing"


async def test_start_that_fails_repeats_what_mosquitto_said(accounts: Accounts, tmp_path: Path) -> None:
    broken = Authority(tmp_path)
    broken.certificate.write_text("not a certificate")
    with pytest.raises(BrokerDied, match="did not start: "):
        await Mosquitto(accounts, tls=True, authority=broken).start()


@pytest.mark.parametrize("spoilt", [b"garbage" * 100, b"\x00" * 1_000, "cut"])
async def test_spoilt_database_is_set_aside_and_mosquitto_starts_without_it(
    accounts: Accounts, tmp_path: Path, spoilt: bytes | str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "mosquitto"
    async with Mosquitto(accounts, folder):
        pass
    written = spoil(folder / "mosquitto.db", spoilt)
    with caplog.at_level(logging.WARNING):
        async with Mosquitto(accounts, folder) as broker:
            assert broker.pid
    assert (folder / "mosquitto.db.spoilt").read_bytes() == written
    assert sum("mosquitto.db.spoilt" in record.getMessage() for record in caplog.records) == 1


def spoil(file: Path, spoilt: bytes | str) -> bytes:
    written = spoilt if isinstance(spoilt, bytes) else file.read_bytes()[:-5]
    file.write_bytes(written)
    return written


async def test_death_is_noticed_and_it_can_be_started_again(kept: Mosquitto, accounts: Accounts) -> None:
    watch = asyncio.create_task(kept.wait_until_stopped(), name="watch")
    os.kill(kept.pid, signal.SIGKILL)
    with pytest.raises(BrokerDied) as told:
        await watch
    assert told.value.code == "broker_died"
    await kept.start()
    async with Client(kept.address.signed_in_as("kitchen", accounts.password("kitchen"))):
        pass


async def test_reload_waits_for_no_mosquitto_that_stands_still(
    kept: Mosquitto, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.add("attic")
    os.kill(kept.pid, signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr(module, "RELOAD_TIMEOUT_S", 0.05)
        with pytest.raises(BrokerSilent, match=r"not responded for 0\.05 s") as told:
            await kept.reload()
    assert told.value.code == "broker_silent"
    os.kill(kept.pid, signal.SIGCONT)
    await kept.reload()
    async with Client(kept.address.signed_in_as("attic", accounts.password("attic"))):
        pass


async def test_start_that_takes_too_long_is_told_and_leaves_nothing(
    accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "START_TIMEOUT_S", 0)
    with pytest.raises(BrokerSilent):
        await Mosquitto(accounts).start()
    assert not modes(tmp_path)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_it_reads_is_replaced_in_one_step(kept: Mosquitto, accounts: Accounts, tmp_path: Path) -> None:
    folder = tmp_path / "mosquitto"
    for again in (kept.reload, kept.start):
        before = {file: file.read_text() for file in folder.iterdir() if again == kept.start or file.suffix != ".conf"}
        accounts.add(f"bridge-{len(accounts.users)}")  # that its rights change, too
        with ExitStack() as opened:
            readers = {file: opened.enter_context(file.open()) for file in before}
            await again()
            assert {file: reader.read() for file, reader in readers.items()} == before
        for name in (PASSWORDS, "acl"):
            assert (folder / name).read_text() != before[folder / name]


async def test_stop_ends_the_watch_without_an_error(kept: Mosquitto) -> None:
    watch = asyncio.create_task(kept.wait_until_stopped(), name="watch")
    async with asyncio.timeout(10):
        await asyncio.wait([watch], timeout=0)
        await kept.stop()
        await watch


async def test_mosquitto_that_will_not_end_is_killed(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("presslight.broker.mosquitto_process.STOP_TIMEOUT_S", 0.01)
    async with Mosquitto(accounts) as broker:
        pid = broker.pid
        os.kill(pid, signal.SIGSTOP)
    assert not runs(pid)


def test_address_without_tls_is_only_for_this_machine_where_there_is_tls(
    accounts: Accounts, authority: Authority
) -> None:
    broker = Mosquitto(accounts, host="0.0.0.0", port=1, tls=True, tls_port=2, authority=authority)
    ca = str(authority.ca)
    assert broker.address == BrokerAddress(host="127.0.0.1", port=1)
    assert broker.tls_address == BrokerAddress(host="127.0.0.1", port=2, tls=True, ca_file=ca)
    assert [(listener.host, listener.port) for listener in broker._listeners()] == [("127.0.0.1", 1), ("0.0.0.0", 2)]


async def test_home_assistant_of_a_house_keeps_its_other_devices_and_gains_the_lights(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/running.md tells people to extend the ACL file of the broker that they have."""
    accounts.add("own-assistant")
    its_own = ["user own-assistant", "topic readwrite zigbee/#", *lines_for_home_assistant()]
    monkeypatch.setattr("presslight.broker.mosquitto.acl", lambda _: "\n".join([*its_own, "", acl(["bridge"])]))
    async with asyncio.timeout(30), Mosquitto(accounts) as broker:
        assistant = Client(broker.address.signed_in_as("own-assistant", accounts.password("own-assistant")))
        light = Client(broker.address.signed_in_as("kitchen", accounts.password("kitchen")))
        async with assistant, light:
            await light.subscribe("presslight/light/kitchen/set", qos=1)
            for wanted in ("zigbee/#", "presslight/light/+/state", "homeassistant/device/+/config"):
                await assistant.subscribe(wanted, qos=1)
            await assistant.publish("zigbee/lamp", b"on", qos=1)
            assert await assistant.heard() == ("zigbee/lamp", b"on")
            for topic in ("presslight/light/kitchen/state", "homeassistant/device/kitchen/config"):
                await light.publish(topic, b"{}", qos=1)
                assert await assistant.heard() == (topic, b"{}")
            await assistant.publish("presslight/light/kitchen/set", b"{}", qos=1)
            assert await light.heard() == ("presslight/light/kitchen/set", b"{}")


async def test_light_that_goes_while_it_is_acknowledged_was_refused_nothing(accounts: Accounts, heard: Heard) -> None:
    hello = connect_packet("kitchen", accounts.password("kitchen"))
    async with asyncio.timeout(30), Mosquitto(accounts) as broker:
        async with Wire(broker.address, hello) as kitchen:
            os.kill(broker.pid, signal.SIGSTOP)
            kitchen.send(*(publish_packet(KITCHEN_STATE, b"on", number) for number in range(1, 4)))
            await kitchen.writer.drain()
        os.kill(broker.pid, signal.SIGCONT)
        await heard.until("Client kitchen ")
    assert broker.refusals.counts == {}


def test_client_that_has_mosquitto_warn_without_end_fills_no_log(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    """Its packets name ever other identifiers, each of which Mosquitto warns of."""
    mosquitto = Mosquitto(accounts)
    for number in range(1_000):
        mosquitto._on_log_line(f"Warning: Received PUBREC from hall for an unknown packet identifier {number}.")
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [line.partition(".")[2] for line in told] == ["", *(f" (for the {n}th time)" for n in (10, 100, 1_000))]
