"""The embedded broker: amqtt in this process, with the same users, rights and bounds as Mosquitto. No TLS.

It supports MQTT 3.1.1 and MQTT 5, the latter without sessions that outlive a connection, QoS 2, topic aliases and
shared subscriptions, which its CONNACK states.

Retained messages are kept in memory until the broker stops. Each user has one connection: a second one takes over the
first (3.1.4), as under Mosquitto's `use_username_as_clientid`.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, cast

from presslight.broker import ports
from presslight.broker.accounts import Accounts
from presslight.broker.embedded.amqtt_engine import LISTENER, AmqttEngine, quiet_amqtt_logs
from presslight.broker.embedded.client_connection import ClientConnection
from presslight.broker.embedded.connect import MQTT_3_1_1, MQTT_5, Connect
from presslight.broker.embedded.reason_codes import ReasonCode
from presslight.broker.limits import CONNECT_COST, MAX_CONNECTIONS, PACKETS_AT_ONCE, PACKETS_PER_S
from presslight.broker.refusals import STRANGER, RefusalKind, Refusals
from presslight.contract import open_files, tcp
from presslight.contract.address import BrokerAddress
from presslight.contract.rate import Bucket, Rates
from presslight.contract.strangers import Strangers
from presslight.contract.topics import AVAILABILITY, Role, may, role_of

MAX_STRANGERS = 100
"""Connections without a CONNECT yet; one more closes the oldest of them."""

MAX_STRANGERS_OF_ONE = 25
"""The same for one address, which the lights behind one router share; this machine's own has no such limit."""

_log = logging.getLogger("presslight.broker")


class EmbeddedBroker:
    """`async with EmbeddedBroker(accounts) as broker: broker.address`. Raises PortInUse, CannotListen.

    `port` 0: a free one. `stop` and `start` may be called again (a power cut of the broker): the address stays,
    retained messages are lost. `offline`: lights whose availability is retained as `offline` from the start, as none
    is connected then: a subscriber with an `online` from before (Home Assistant) is corrected, also for a light that
    does not return.
    """

    def __init__(self, accounts: Accounts, host: str = "127.0.0.1", port: int = 0, offline: Iterable[str] = ()) -> None:
        self.refusals = Refusals()
        self._accounts = accounts
        self._host = host
        self._port = port
        self._offline = tuple(offline)
        self._rates = Rates(PACKETS_PER_S, PACKETS_AT_ONCE)
        self._connections: dict[ClientConnection, None] = {}
        self._strangers = Strangers(MAX_STRANGERS, MAX_STRANGERS_OF_ONE)
        self._clients: dict[str, ClientConnection] = {}
        self._running: AsyncExitStack | None = None

    @property
    def address(self) -> BrokerAddress:
        """The address for clients of this machine, without a user; valid once started."""
        return BrokerAddress(host=tcp.reachable(self._host), port=self._port)

    async def start(self) -> None:
        """Listen. Raises PortInUse, CannotListen."""
        quiet_amqtt_logs()
        open_files.raise_limit()
        async with AsyncExitStack() as starting:
            listener = starting.enter_context(
                ports.open_listener(self._host, self._port or ports.find_free_port(self._host))
            )
            self._port = listener.getsockname()[1]
            self._tasks = asyncio.TaskGroup()
            self._engine = AmqttEngine(self.refusals, self._tasks, self._clients)
            await self._engine.start()
            for light in self._offline:
                self._engine.retain(light, AVAILABILITY.format(light=light), b"offline")
            starting.push_async_callback(self._engine.shutdown)
            await starting.enter_async_context(self._tasks)
            starting.callback(self._disconnect_all)
            server = await asyncio.start_server(self._accept, sock=listener)
            starting.callback(server.close)
            self._running = starting.pop_all()

    async def stop(self) -> None:
        """Disconnect all clients, without their wills, and free the port."""
        running, self._running = self._running, None
        if running:
            await running.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def wait_until_stopped(self) -> None:
        """Wait for ever: it ends with this process, or by `stop`."""
        await asyncio.get_running_loop().create_future()

    async def apply_accounts(self, disconnected: Collection[str]) -> None:
        """Disconnect these users. The accounts are shared with this process, so they are served as they are."""
        self.disconnect_users(disconnected)

    def disconnect_users(self, users: Iterable[str]) -> None:
        """Disconnect these users, without their wills."""
        for user in users:
            if user in self._clients:
                self._clients[user].disconnect(ReasonCode.NOT_AUTHORIZED, will=False)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = ClientConnection(reader, writer, self.refusals)
        if self._running is None or len(self._connections) >= MAX_CONNECTIONS:
            self.refusals.record(STRANGER, RefusalKind.CONNECTION, "no room for more")
            client.disconnect(ReasonCode.QUOTA_EXCEEDED)
            return
        oldest = self._strangers.come(client, client.get_peer_info()[0])
        if oldest is not None:
            self.refusals.record(STRANGER, RefusalKind.CONNECTION, "too many that do not sign in")
            cast(ClientConnection, oldest).disconnect(ReasonCode.QUOTA_EXCEEDED)
        self._connections[client] = None
        self._tasks.create_task(self._serve(client), name=f"MQTT client {client.get_peer_info()}")

    async def _serve(self, client: ClientConnection) -> None:
        try:
            connect = await client.read_connect()
            self._strangers.leave(client)
            if connect and (user := self._sign_in(client, connect)) and self._is_within_rate(client, user):
                await self._disconnect_earlier(user)
                if self._sign_in(client, connect):  # its account may have been removed meanwhile
                    await self._run_client(client, connect, user)
        except Exception:  # an error for one client must not end the others
            _log.exception("the connection of %s ended by an error", client.user)
        finally:
            self._strangers.leave(client)
            await client.aclose()
            del self._connections[client]

    def _sign_in(self, client: ClientConnection, connect: Connect) -> str | None:
        """Authenticate: the user; None after a refusing CONNACK for a wrong version, name, password or will."""
        if connect.level not in {MQTT_3_1_1, MQTT_5}:
            client.refuse(ReasonCode.UNSUPPORTED_VERSION)
            self.refusals.record(STRANGER, RefusalKind.SIGN_IN, "neither MQTT 3.1.1 nor MQTT 5")
        elif (
            connect.user is None
            or connect.password is None
            or not self._accounts.verify(connect.user, connect.password)
        ):
            client.refuse(ReasonCode.NOT_AUTHORIZED)
            self.refusals.record(STRANGER, RefusalKind.SIGN_IN, f"wrong password for {connect.user}")
        elif connect.will and not may(connect.user, "write", connect.will[0]):
            client.refuse(ReasonCode.NOT_AUTHORIZED)
            self.refusals.record(connect.user, RefusalKind.SIGN_IN, f"a will on {connect.will[0]}")
        else:
            return connect.user
        return None

    def _is_within_rate(self, client: ClientConnection, user: str) -> bool:
        """Charge the CONNECT to the user's rate; False after a refusing CONNACK."""
        bucket = self._rate_bucket(user)
        is_within_rate = bucket is None or bucket.take_tokens(time.monotonic_ns(), CONNECT_COST)
        if not is_within_rate:
            client.refuse(ReasonCode.QUOTA_EXCEEDED)
            self.refusals.record(user, RefusalKind.RATE, "connects too often")
        return is_within_rate

    def _rate_bucket(self, user: str) -> Bucket | None:
        """The user's rate over all its connections; None for a bridge, which limits each phone itself."""
        return None if role_of(user) is Role.BRIDGE else self._rates.of(user, time.monotonic_ns())

    async def _disconnect_earlier(self, user: str) -> None:
        """Disconnect the user's earlier connection, and wait until it is closed and its will is published."""
        while earlier := self._clients.get(user):
            earlier.disconnect(ReasonCode.SESSION_TAKEN_OVER)
            await earlier.closed.wait()

    async def _run_client(self, client: ClientConnection, connect: Connect, user: str) -> None:
        """Run amqtt's loop for the client until it ends."""
        self._clients[user] = client
        client.accept(connect, user, self._rate_bucket(user))
        try:
            await self._engine.external_connected(client, client, LISTENER)
        finally:
            del self._clients[user]

    def _disconnect_all(self) -> None:
        for client in self._connections:
            client.disconnect(ReasonCode.SHUTTING_DOWN, will=False)
