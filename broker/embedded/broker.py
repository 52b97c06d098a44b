"""The embedded broker: amqtt in this process, with the same users, rights and bounds as Mosquitto. No TLS.

It speaks MQTT 3.1.1 and MQTT 5, the latter without sessions that outlive a connection, QoS 2, topic aliases and shared
subscriptions, as it tells each client.

Retained messages live as long as the broker runs. Each user has one connection: a second one takes the first one's
place, as under Mosquitto's `use_username_as_clientid`.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, cast

from presslight.broker import ports
from presslight.broker.accounts import Accounts
from presslight.broker.embedded.amqtt_engine import LISTENER, Engine, quieten
from presslight.broker.embedded.client_connection import Visit
from presslight.broker.embedded.connect import MQTT_3_1_1, MQTT_5, Connect
from presslight.broker.embedded.reason_codes import Reason
from presslight.broker.limits import CONNECT_COST, MAX_CONNECTIONS, PACKETS_AT_ONCE, PACKETS_PER_S
from presslight.broker.refusals import STRANGER, Refusals, Refused
from presslight.contract import open_files, tcp
from presslight.contract.address import BrokerAddress
from presslight.contract.rate import Bucket, Rates
from presslight.contract.strangers import Strangers
from presslight.contract.topics import AVAILABILITY, Role, may, role_of

MAX_STRANGERS = 100
"""Connections that have not said who they are; when one more comes, the oldest of them has to go."""

MAX_STRANGERS_OF_ONE = 25
"""The same for those of one address, which a house's lights may share; not of this machine's own."""

_log = logging.getLogger("presslight.broker")


class EmbeddedBroker:
    """`async with EmbeddedBroker(accounts) as broker: broker.address`. Raises PortInUse, CannotListen.

    `stop` and `start` may be called again (a power cut of the broker): the address stays, what was retained is gone.
    `offline`: lights whose availability it keeps as `offline` from its start on, as none is connected then: whoever
    remembers `online` from before (Home Assistant) hears it, also of a light that does not come back.
    """

    def __init__(self, accounts: Accounts, host: str = "127.0.0.1", port: int = 0, offline: Iterable[str] = ()) -> None:
        self.refusals = Refusals()
        self._accounts = accounts
        self._host = host
        self._port = port
        self._offline = tuple(offline)
        self._rates = Rates(PACKETS_PER_S, PACKETS_AT_ONCE)
        self._visits: dict[Visit, None] = {}
        self._strangers = Strangers(MAX_STRANGERS, MAX_STRANGERS_OF_ONE)
        self._guests: dict[str, Visit] = {}
        self._running: AsyncExitStack | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where clients of this machine connect, without a user. Known once started."""
        return BrokerAddress(host=tcp.reachable(self._host), port=self._port)

    async def start(self) -> None:
        """Listen. Raises PortInUse, CannotListen."""
        quieten()
        open_files.raise_limit()
        async with AsyncExitStack() as starting:
            listener = starting.enter_context(ports.listen(self._host, self._port or ports.free(self._host)))
            self._port = listener.getsockname()[1]
            self._tasks = asyncio.TaskGroup()
            self._engine = Engine(self.refusals, self._tasks, self._guests)
            await self._engine.start()
            for light in self._offline:
                self._engine.keep(light, AVAILABILITY.format(light=light), b"offline")
            starting.push_async_callback(self._engine.shutdown)
            await starting.enter_async_context(self._tasks)
            starting.callback(self._end_all)
            server = await asyncio.start_server(self._welcome, sock=listener)
            starting.callback(server.close)
            self._running = starting.pop_all()

    async def stop(self) -> None:
        """Disconnect all, without their wills, and free the port."""
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

    def drop(self, users: Iterable[str]) -> None:
        """End the connections of these users, without their wills."""
        for user in users:
            if user in self._guests:
                self._guests[user].end(Reason.NOT_AUTHORIZED, will=False)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer, self.refusals)
        if self._running is None or len(self._visits) >= MAX_CONNECTIONS:
            self.refusals.note(STRANGER, Refused.CONNECTION, "no room for more")
            visit.end(Reason.QUOTA_EXCEEDED)
            return
        oldest = self._strangers.come(visit, visit.get_peer_info()[0])
        if oldest is not None:
            self.refusals.note(STRANGER, Refused.CONNECTION, "too many that do not sign in")
            cast(Visit, oldest).end(Reason.QUOTA_EXCEEDED)
        self._visits[visit] = None
        self._tasks.create_task(self._serve(visit), name=f"MQTT client {visit.get_peer_info()}")

    async def _serve(self, visit: Visit) -> None:
        try:
            said = await visit.knock()
            self._strangers.leave(visit)
            if said and (user := self._sign_in(visit, said)) and self._may_come(visit, user):
                await self._take_over(user)
                if self._sign_in(visit, said):  # its account may have gone while it waited
                    await self._receive(visit, said, user)
        except Exception:  # one client's trouble with amqtt is not the house's
            _log.exception("the connection of %s ended by an error", visit.user)
        finally:
            self._strangers.leave(visit)
            await visit.finish()
            del self._visits[visit]

    def _sign_in(self, visit: Visit, said: Connect) -> str | None:
        """The user, where name, password and will are in order; else the client is told that they are not."""
        if said.level not in {MQTT_3_1_1, MQTT_5}:
            visit.refuse(Reason.UNSUPPORTED_VERSION)
            self.refusals.note(STRANGER, Refused.SIGN_IN, "neither MQTT 3.1.1 nor MQTT 5")
        elif said.user is None or said.password is None or not self._accounts.verify(said.user, said.password):
            visit.refuse(Reason.NOT_AUTHORIZED)
            self.refusals.note(STRANGER, Refused.SIGN_IN, f"wrong password for {said.user}")
        elif said.will and not may(said.user, "write", said.will[0]):
            visit.refuse(Reason.NOT_AUTHORIZED)
            self.refusals.note(said.user, Refused.SIGN_IN, f"a will on {said.will[0]}")
        else:
            return said.user
        return None

    def _may_come(self, visit: Visit, user: str) -> bool:
        """Whether the user has not come too often; else the client is told."""
        allowance = self._allowance(user)
        may_come = allowance is None or allowance.take(time.monotonic_ns(), CONNECT_COST)
        if not may_come:
            visit.refuse(Reason.QUOTA_EXCEEDED)
            self.refusals.note(user, Refused.RATE, "connects too often")
        return may_come

    def _allowance(self, user: str) -> Bucket | None:
        """What a user may send, over all its connections. A bridge speaks for all phones, which it bounds itself."""
        return None if role_of(user) is Role.BRIDGE else self._rates.of(user, time.monotonic_ns())

    async def _take_over(self, user: str) -> None:
        """End an earlier connection of the same user, and wait until it is wound up, its will included."""
        while other := self._guests.get(user):
            other.end(Reason.SESSION_TAKEN_OVER)
            await other.gone.wait()

    async def _receive(self, visit: Visit, said: Connect, user: str) -> None:
        """Hand the client to amqtt."""
        self._guests[user] = visit
        visit.enter(said, user, self._allowance(user))
        try:
            await self._engine.external_connected(visit, visit, LISTENER)
        finally:
            del self._guests[user]

    def _end_all(self) -> None:
        for visit in self._visits:
            visit.end(Reason.SHUTTING_DOWN, will=False)
