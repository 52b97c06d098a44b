"""The whole stack in one go: a broker, the bridge and simulated lights, started in order and ended in reverse."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from pydantic import SecretStr

from presslight import broker_port as ports
from presslight import lan
from presslight.accounts_file import AccountsFile
from presslight.address import read_address
from presslight.broker.accounts import CREDENTIALS, Accounts
from presslight.broker.broker import Broker
from presslight.broker.errors import BrokerDied, BrokerError, BrokerSilent, PortInUse
from presslight.broker.kept_files import only_writer
from presslight.broker.ports import open_listener
from presslight.cloud.server import BridgeServer
from presslight.cloud.settings import Settings
from presslight.cloud.store.database import Address
from presslight.cloud.store.tokens import issue_token
from presslight.contract import open_files
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import sentence
from presslight.contract.topics import BRIDGE_USER, HOME_ASSISTANT_USER
from presslight.own_brokers import OWN_BROKERS, OwnBroker
from presslight.own_folder import own_folder
from presslight.page_link import page_link
from presslight.simulated.power import Power
from presslight.simulated.simulated_light import SimulatedLight, SimulatedLightError
from presslight.store_address import store_of
from presslight.temporary_folder import temporary_folder

ROOMS = ("kitchen", "living-room", "hall", "bedroom", "bathroom", "study", "attic", "garage")

ACCOUNTS_POLL_S = 1.0

MAX_RESTARTS = 5
"""Restarts of one part that ends unasked, before the stack gives up."""

Report = Callable[[str], None]
"""Called with a few words: the part that is being started, or a fault."""


def room_names(count: int) -> tuple[str, ...]:
    """Names for `count` lights: rooms of a house first, then light-9, light-10 and so on."""
    return ROOMS[:count] + tuple(f"light-{number}" for number in range(len(ROOMS) + 1, count + 1))


class Stack:
    """`async with Stack(broker="embedded", lights=3) as stack:` then `stack.url`, `stack.token`, `stack.lights`.

    `broker`: `embedded` (amqtt in this process), `mosquitto` (a child process) or an address `mqtt[s]://user:pass@host`
    (or `@file`), where that one user serves the bridge and all lights. `folder`: where accounts, presses and the
    lights' flash stay; None keeps them in a temporary folder that goes with the stack. `broker_host`, `broker_port`:
    where a broker that is started here listens; without a port it takes that of an earlier start here, and
    where others shall connect MQTT's own if it is free. `home_assistant`: it gets an account. `store`: where presses
    and tokens stay instead, a file or `postgresql://user@host/database`. `allowed_hosts`, `metrics_token`: as in
    the bridge's Settings. `demo_phone`: the phone that gets a token at the
    start, None for none. `on_step` is called with the part that is being started, `on_trouble` with
    the error of a part that is started again.

    Raises what the parts raise: PresslightError, with a code and one sentence.
    """

    def __init__(  # noqa: PLR0913 -- what can be chosen about a stack, each by name
        self,
        *,
        broker: str = "embedded",
        lights: int | Sequence[str] = 3,
        host: str = "127.0.0.1",
        port: int = 0,
        broker_host: str = "127.0.0.1",
        broker_port: int | None = None,
        home_assistant: bool = False,
        folder: Path | None = None,
        store: Address | None = None,
        press_rate: int = 50,
        allowed_hosts: Sequence[str] = (),
        metrics_token: str | None = None,
        ca_file: Path | None = None,
        demo_phone: str | None = "demo",
        on_step: Report = lambda _: None,
        on_trouble: Report = lambda _: None,
    ) -> None:
        self.names = room_names(lights) if isinstance(lights, int) else tuple(lights)
        self.lights: dict[str, SimulatedLight] = {}
        self.broker: Broker | None = None
        self.bridge: BridgeServer
        self.token = ""
        self._broker_name = broker
        self._bridge_address = (host, port)
        self._broker_address = (broker_host, broker_port)
        self._home_assistant = home_assistant
        self._folder = folder
        self._store = store
        self._press_rate = press_rate
        self._allowed_hosts = tuple(allowed_hosts)
        self._metrics_token = None if metrics_token is None else SecretStr(metrics_token)
        self._ca_file = ca_file
        self._demo_phone = demo_phone
        self._on_step = on_step
        self._on_trouble = on_trouble
        self._exits = AsyncExitStack()
        self._accounts_file: AccountsFile | None = None
        self._accounts_lock = asyncio.Lock()
        self._is_apply_due = False
        self._removed_users: frozenset[str] = frozenset()
        self._last_apply_error = ""

    async def __aenter__(self) -> Self:
        if few := open_files.trouble(open_files.raise_limit()):
            self._on_trouble(few)
        async with AsyncExitStack() as exits:
            folder = self._folder or exits.enter_context(temporary_folder("up"))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            users = await self._start_broker(exits, folder)
            await self._start_bridge(exits, folder, users(BRIDGE_USER))
            for name in self.names:
                self._on_step(f"the light {name}")
                light = SimulatedLight(name, users(name), folder / "lights" / name)
                self.lights[name] = await exits.enter_async_context(light)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The bridge's URL for clients of this machine: http://host:port."""
        return self.bridge.url

    @property
    def phone_link(self) -> str:
        """The phone page for this machine, with the guest's token in the part that no server sees."""
        return page_link(self.url, self.token)

    @property
    def home_assistant(self) -> BrokerAddress | None:
        """Home Assistant's address and account at the broker that was started here; None without an account."""
        if self.broker is None or HOME_ASSISTANT_USER not in self._accounts.users:
            return None
        return self.broker.address.signed_in_as(HOME_ASSISTANT_USER, self._accounts.password(HOME_ASSISTANT_USER))

    async def restart_dead_parts(self) -> None:
        """Restart parts that end unasked, until cancelled. Raises the error of a part after MAX_RESTARTS."""
        async with asyncio.TaskGroup() as tasks:
            for name, light in self.lights.items():
                tasks.create_task(
                    self._restart_when_ended(_wait_until_died(light), light.power_on), name=f"watch {name}"
                )
            if self.broker is not None:
                watched = self._restart_when_ended(self.broker.wait_until_stopped, self.broker.start)
                tasks.create_task(watched, name="watch broker")
            tasks.create_task(self.bridge.wait_until_stopped(), name="watch bridge")
            tasks.create_task(self._watch_accounts(), name="watch accounts")

    async def _watch_accounts(self) -> NoReturn:
        """Apply changes of `presslight accounts` and `presslight forget` to the folder."""
        while True:
            await asyncio.sleep(ACCOUNTS_POLL_S)
            await self._apply_account_changes()

    async def _apply_account_changes(self) -> bool:
        """Reload changed accounts in the broker, and disconnect removed users; True once the broker has the accounts.

        One caller at a time; a second one waits for the first.
        """
        async with self._accounts_lock:
            if (users := self._read_changed_accounts()) is not None:
                self._removed_users |= users
                self._is_apply_due = self.broker is not None
                await self._cut_power(users)
            if self._is_apply_due and self.broker is not None:
                self._is_apply_due = not await self._apply_accounts(self.broker)
            return not self._is_apply_due

    def _read_changed_accounts(self) -> frozenset[str] | None:
        """The users whose password is no longer valid; None without a change."""
        try:
            return self._accounts_file.read() if self._accounts_file else None
        except BrokerError as error:
            self._on_trouble(f"{error}; the accounts stay as they were")
            return None

    async def _cut_power(self, users: frozenset[str]) -> None:
        """Cut the power of the simulated lights among the users."""
        for light in users & self.lights.keys():
            if self.lights[light].power is Power.ON:
                await self.lights[light].power_cut()

    async def _apply_accounts(self, broker: Broker) -> bool:
        """Apply the accounts in the broker; False where it failed, or where a start may have read the former ones."""
        try:
            await broker.apply_accounts(self._removed_users)
        except BrokerDied:
            return False  # `watch` reports that and restarts it
        except (OSError, BrokerSilent) as error:
            told, self._last_apply_error = self._last_apply_error, sentence(error)
            if told != self._last_apply_error:
                self._on_trouble(f"{self._last_apply_error}; the broker has the accounts of before")
            return False
        self._removed_users, self._last_apply_error = frozenset(), ""
        return True

    async def _restart_when_ended(
        self, ends: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]]
    ) -> None:
        for restart in range(MAX_RESTARTS + 1):
            try:
                await ends()
            except (SimulatedLightError, BrokerError) as error:
                if restart == MAX_RESTARTS:
                    raise
                self._on_trouble(f"{error}; starting it again")
                await start()

    async def _start_broker(self, exits: AsyncExitStack, folder: Path) -> Callable[[str], BrokerAddress]:
        own = OWN_BROKERS.get(self._broker_name)
        if own is None:
            address = read_address(self._broker_name, ca_file=self._ca_file)
            return lambda _: address
        if self._folder:
            exits.enter_context(own_folder(folder))
        self._on_step(own.title)
        users = [*self.names, *([HOME_ASSISTANT_USER] if self._home_assistant else [])]
        with only_writer(folder) if self._folder else nullcontext():
            self._accounts = accounts = _accounts(folder / CREDENTIALS, users)
        self._accounts_file = AccountsFile(folder / CREDENTIALS, accounts)
        self.broker = broker = await self._start_on_free_port(own, exits, folder)
        return lambda user: broker.address.signed_in_as(user, accounts.password(user))

    async def _start_on_free_port(self, own: OwnBroker, exits: AsyncExitStack, folder: Path) -> Broker:
        """Start the broker on the first free port of its candidates. Raises PortInUse."""
        (host, asked), kept = self._broker_address, ports.read(folder)
        public = self._home_assistant or lan.is_everywhere(host)
        wanted = ports.candidates(asked, kept, public=public)
        for port in wanted:
            broker = own.make(self._accounts, folder, host, port)
            try:
                open_listener(host, port).close()  # Mosquitto would log that it cannot
                await exits.enter_async_context(broker)
            except PortInUse as error:
                if port == wanted[-1]:
                    raise PortInUse(f"{error}: name another with --broker-port") from None
                if port == kept:
                    self._on_trouble(f"{error}, so the broker is on another this time")
            else:
                break
        if asked or public:
            ports.write_port(folder, broker.address.port)
        return broker

    async def _start_bridge(self, exits: AsyncExitStack, folder: Path, address: BrokerAddress) -> None:
        self._on_step("the bridge")
        settings = Settings(
            broker=address,
            store=self._store or store_of(folder),
            press_rate=self._press_rate,
            press_burst=2 * self._press_rate,
            allowed_hosts=(*self._allowed_hosts, self._bridge_address[0]),
            metrics_token=self._metrics_token,
        )
        self.bridge = await exits.enter_async_context(
            BridgeServer(settings, *self._bridge_address, self._apply_account_changes)
        )
        if self._demo_phone is not None:
            self.token = issue_token(settings.store, phone=self._demo_phone)


def _accounts(file: Path, users: Sequence[str]) -> Accounts:
    accounts = Accounts.load(file) if file.exists() else Accounts.make(())
    for user in users:
        accounts.add(user)
    accounts.save(file)
    return accounts


def _wait_until_died(light: SimulatedLight) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        await light.until(lambda _: False)

    return wait
