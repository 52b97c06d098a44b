"""The embedded broker on its own: start, stop, event loops, and what amqtt would do without `client` and `engine`."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator

import pytest
import uvloop

from presslight.broker.accounts import Accounts
from presslight.broker.embedded.amqtt_engine import AmqttEngine
from presslight.broker.embedded.broker import EmbeddedBroker
from presslight.broker.embedded.client_connection import ClientConnection
from presslight.broker.errors import CannotListen, PortInUse
from presslight.broker.mosquitto import Mosquitto
from presslight.broker.refusals import STRANGER, RefusalKind
from presslight.contract.address import BrokerAddress
from presslight.contract.topics import light_of
from tests.broker.clients import Client, Wire, connect_packet, packet, publish_packet, text
from tests.broker.conftest import Broker, Heard, OpenWire, wires
from tests.lab.namespace import Namespace, is_permitted

KITCHEN_SET = "presslight/light/kitchen/set"
KITCHEN_STATE = "presslight/light/kitchen/state"
AVAILABILITY = "presslight/light/kitchen/availability"
STATES = "presslight/light/+/state"


def client(broker: Broker, accounts: Accounts, user: str) -> Client:
    return Client(broker.address.signed_in_as(user, accounts.password(user)))


@pytest.mark.parametrize("make", [EmbeddedBroker, Mosquitto])
def test_broker_works_under_uvloop(accounts: Accounts, make: Callable[[Accounts], Broker]) -> None:
    async def journey() -> None:
        async with (
            asyncio.timeout(30),
            make(accounts) as broker,
            client(broker, accounts, "bridge") as bridge,
            client(broker, accounts, "kitchen") as kitchen,
        ):
            await kitchen.subscribe(KITCHEN_SET, qos=1)
            await bridge.publish(KITCHEN_SET, b"on", qos=1)
            assert await kitchen.heard() == (KITCHEN_SET, b"on")
            if isinstance(broker, EmbeddedBroker):
                assert all(delays_nothing(client._writer) for client in broker._connections)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(journey())


async def test_accepted_sockets_delay_nothing(embedded: EmbeddedBroker, accounts: Accounts) -> None:
    async with client(embedded, accounts, "kitchen"):
        (connection,) = embedded._connections
        assert delays_nothing(connection._writer)


def delays_nothing(writer: asyncio.StreamWriter) -> bool:
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as accepted:
        return bool(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


async def test_stop_with_clients_leaves_no_task_and_no_port(accounts: Accounts) -> None:
    broker = EmbeddedBroker(accounts)
    await broker.start()
    address = broker.address
    opened = wires(broker, accounts)
    async with opened("kitchen") as light, opened() as stranger:
        await broker.stop()
        assert await light.rest() == await stranger.rest() == b""
    assert asyncio.all_tasks() == {asyncio.current_task()}
    socket.create_server((address.host, address.port)).close()
    await broker.stop()


async def test_light_is_offline_until_it_says_that_it_is_there(accounts: Accounts) -> None:
    assert accounts.lights == ("hall", "kitchen")
    async with asyncio.timeout(30), EmbeddedBroker(accounts, offline=accounts.lights) as broker:
        async with client(broker, accounts, "kitchen") as kitchen:
            await kitchen.publish(AVAILABILITY, b"online", qos=1, retain=True)
        for kept in ({"kitchen": b"online", "hall": b"offline"}, {"kitchen": b"offline", "hall": b"offline"}):
            async with client(broker, accounts, "homeassistant") as assistant:
                await assistant.subscribe("presslight/light/+/availability", qos=1)
                heard = [await assistant.heard() for _ in kept]
                assert {light_of(topic): payload for topic, payload in heard} == kept
            await broker.stop()
            await broker.start()


async def test_stop_publishes_no_will(embedded: EmbeddedBroker, accounts: Accounts, opens: OpenWire) -> None:
    async with opens("bridge") as bridge:
        bridge.send(packet(0x82, b"\x00\x01", text("presslight/light/+/availability"), b"\x00"))
        await bridge.read(5)
        async with opens("kitchen", will=(AVAILABILITY, b"offline")):
            await embedded.stop()
            assert await bridge.rest() == b""


async def test_start_after_stop_has_the_same_address_and_forgot_what_was_retained(
    embedded: EmbeddedBroker, accounts: Accounts
) -> None:
    before = embedded.address
    async with client(embedded, accounts, "kitchen") as kitchen:
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
    await embedded.stop()
    await embedded.start()
    assert embedded.address == before
    async with client(embedded, accounts, "bridge") as bridge, client(embedded, accounts, "hall") as hall:
        await bridge.subscribe(STATES, qos=1)
        await hall.publish("presslight/light/hall/state", b"on", qos=1)
        assert await bridge.heard() == ("presslight/light/hall/state", b"on")


async def test_port_in_use_is_said_in_one_line(embedded: EmbeddedBroker, accounts: Accounts) -> None:
    port = embedded.address.port
    with pytest.raises(PortInUse, match=f"^port {port} on 127.0.0.1 is in use by another program$"):
        await EmbeddedBroker(accounts, port=port).start()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no such host", 0), ("127.0.0.1", 65_536)])
async def test_address_that_cannot_be_listened_on_is_said_in_one_line(accounts: Accounts, host: str, port: int) -> None:
    with pytest.raises(CannotListen) as told:
        await EmbeddedBroker(accounts, host, port).start()
    assert len(str(told.value).splitlines()) == 1


@pytest.fixture
def network() -> Iterator[Namespace]:
    space = Namespace()
    yield space
    space.close()


@pytest.mark.skipif(not is_permitted(), reason="no right to make networks")
async def test_host_of_all_addresses_is_reached_on_this_machine(accounts: Accounts, network: Namespace) -> None:
    with network.entered():
        async with EmbeddedBroker(accounts, "0.0.0.0") as broker:
            assert broker.address == BrokerAddress(host="127.0.0.1", port=broker._port)
            hello = connect_packet("kitchen", accounts.password("kitchen"))
            async with Wire(broker.address, hello) as kitchen:
                assert kitchen.answer == b"\x20\x02\x00\x00"


@pytest.mark.parametrize(("level", "answer"), [(3, b"\x20\x02\x00\x01"), (6, b"\x20\x03\x00\x84\x00")])
async def test_other_version_of_mqtt_is_told_so(
    embedded: EmbeddedBroker, accounts: Accounts, level: int, answer: bytes
) -> None:
    hello = connect_packet("kitchen", accounts.password("kitchen"), level=level)
    async with Wire(embedded.address) as other:
        other.send(hello)
        assert await other.rest() == answer


async def test_filter_that_is_not_allowed_is_refused_and_the_others_are_granted(opens: OpenWire) -> None:
    async with opens("kitchen") as kitchen:
        wanted = [text("#") + b"\x01", text(KITCHEN_SET) + b"\x02", text("presslight/#") + b"\x00"]
        kitchen.send(packet(0x82, b"\x00\x05", *wanted))
        assert await kitchen.read(7) == b"\x90\x05\x00\x05\x80\x01\x80"


async def test_unsubscribed_light_hears_nothing_more(
    embedded: EmbeddedBroker, accounts: Accounts, opens: OpenWire
) -> None:
    async with opens("kitchen") as kitchen, client(embedded, accounts, "bridge") as bridge:
        kitchen.send(packet(0x82, b"\x00\x01", text(KITCHEN_SET), b"\x01"))
        kitchen.send(packet(0xA2, b"\x00\x02", text(KITCHEN_SET)))
        assert await kitchen.read(9) == b"\x90\x03\x00\x01\x01" + b"\xb0\x02\x00\x02"
        await bridge.publish(KITCHEN_SET, b"on", qos=1)
        kitchen.send(b"\xc0\x00")
        assert await kitchen.read(2) == b"\xd0\x00"


FOUR_TIMES = packet(0x82, b"\x00\x01", *(text(KITCHEN_SET) + bytes([qos]) for qos in (0, 1, 0, 1)))


async def test_one_unsubscribe_ends_a_filter_that_came_more_than_once(
    embedded: EmbeddedBroker, opens: OpenWire
) -> None:
    async with opens("kitchen") as kitchen:
        kitchen.send(FOUR_TIMES, packet(0xA2, b"\x00\x02", text(KITCHEN_SET)))
        assert await kitchen.read(12) == b"\x90\x06\x00\x01\x00\x01\x00\x01" + b"\xb0\x02\x00\x02"
        assert embedded._engine.subscriptions == {}


@pytest.mark.parametrize("goodbye", [b"\xe0\x00", b""])
async def test_client_that_left_leaves_no_filter_that_came_more_than_once(
    embedded: EmbeddedBroker, opens: OpenWire, goodbye: bytes
) -> None:
    async with opens("kitchen") as kitchen:
        kitchen.send(FOUR_TIMES)
        await kitchen.packet()
        kitchen.send(goodbye)
    async with opens("kitchen"):  # amqtt forgets a session within a second, or when its client comes back
        assert embedded._engine.subscriptions == {}


async def test_second_connection_of_a_user_takes_the_first_one_s_place(
    embedded: EmbeddedBroker, accounts: Accounts, opens: OpenWire
) -> None:
    async with opens("kitchen") as first, opens("kitchen") as second:
        assert await first.rest() == b""
        second.send(b"\xc0\x00")
        assert await second.read(2) == b"\xd0\x00"
        assert list(embedded._clients) == ["kitchen"]


@pytest.mark.parametrize(("level", "answer"), [(4, b"\x20\x02\x00\x05"), (5, b"\x20\x03\x00\x87\x00")])
@pytest.mark.parametrize("change", [lambda _: None, lambda accounts: accounts.add("kitchen")], ids=["gone", "new"])
async def test_account_that_goes_while_its_connection_waits_for_the_one_before_is_not_let_in(
    embedded: EmbeddedBroker,
    accounts: Accounts,
    opens: OpenWire,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Accounts], None],
    level: int,
    answer: bytes,
) -> None:
    waits, may_go, aclose = asyncio.Event(), asyncio.Event(), ClientConnection.aclose

    async def held(client: ClientConnection) -> None:
        waits.set()
        await may_go.wait()
        await aclose(client)

    hello = connect_packet("kitchen", accounts.password("kitchen"), level=level)
    monkeypatch.setattr(ClientConnection, "aclose", held)
    async with opens("kitchen"), Wire(embedded.address) as second:
        second.send(hello)
        async with asyncio.timeout(5):
            await waits.wait()  # the first is ended, and the second waits for it
        accounts.remove("kitchen")
        change(accounts)
        embedded.disconnect_users(["kitchen"])
        may_go.set()
        assert await second.rest() == answer
        assert embedded._clients == {}


async def test_stranger_that_says_nothing_is_closed(
    embedded: EmbeddedBroker, opens: OpenWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.broker.embedded.client_connection.CONNECT_TIMEOUT_S", 0.01)
    async with opens() as stranger:
        assert await stranger.rest() == b""
    assert embedded.refusals.counts[STRANGER, RefusalKind.CONNECTION] == 1


async def test_connection_over_the_limit_is_closed_at_once(
    embedded: EmbeddedBroker, opens: OpenWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presslight.broker.embedded.broker.MAX_CONNECTIONS", 2)
    async with opens("kitchen") as kitchen, opens("hall"), opens() as third:
        assert await third.rest() == b""
        kitchen.send(b"\xc0\x00")
        assert await kitchen.read(2) == b"\xd0\x00"


async def test_error_in_amqtt_ends_one_connection_and_is_logged(
    embedded: EmbeddedBroker,
    accounts: Accounts,
    opens: OpenWire,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("a bug")

    async with client(embedded, accounts, "bridge") as bridge, client(embedded, accounts, "kitchen") as kitchen:
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        with monkeypatch.context() as broken:
            broken.setattr(AmqttEngine, "external_connected", breaks)
            async with Wire(embedded.address) as hall:
                hall.send(connect_packet("hall", accounts.password("hall")))
                assert await hall.rest() == b""
        await heard.until("the connection of hall ended by an error")
        await bridge.publish(KITCHEN_SET, b"on", qos=1)
        assert await kitchen.heard() == (KITCHEN_SET, b"on")
    caplog.clear()


async def test_client_that_amqtt_loses_track_of_can_return(
    embedded: EmbeddedBroker,
    opens: OpenWire,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never_ends(engine: AmqttEngine, *_: object) -> None:
        for client in engine._clients.values():
            client.start_receiving()
        await asyncio.Event().wait()

    monkeypatch.setattr("presslight.broker.embedded.client_connection.WIND_UP_TIMEOUT_S", 0.01)
    with monkeypatch.context() as broken:
        broken.setattr(AmqttEngine, "_client_message_loop", never_ends)
        async with opens("kitchen") as kitchen:
            kitchen.cut()
            await heard.until("the broker lost track of kitchen")
    async with opens("kitchen") as again:
        again.send(b"\xc0\x00")
        assert await again.read(2) == b"\xd0\x00"
    caplog.clear()


async def test_request_behind_unacknowledged_messages_is_not_held_up(
    embedded: EmbeddedBroker, accounts: Accounts, opens: OpenWire
) -> None:
    async with client(embedded, accounts, "kitchen") as kitchen, opens("bridge") as bridge:
        await kitchen.subscribe(KITCHEN_SET, qos=1)
        await kitchen.publish(KITCHEN_STATE, b"on", qos=1, retain=True)
        bridge.send(packet(0x82, b"\x00\x01", text(STATES), b"\x01"))
        bridge.send(*(publish_packet(KITCHEN_SET, bytes([n])) for n in range(200)))  # and no PUBACK for the state
        assert [(await kitchen.heard())[1] for _ in range(200)] == [bytes([n]) for n in range(200)]


def test_amqtt_stays_quiet_but_for_real_errors(embedded: EmbeddedBroker, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("amqtt.broker")
    log.warning("noise")
    for trouble in (TimeoutError(), RuntimeError("real")):
        try:
            raise trouble
        except (TimeoutError, RuntimeError):
            log.exception("Task failed and will be skipped")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError]
    assert len(caplog.records) == 1
    caplog.clear()
