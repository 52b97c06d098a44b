"""The whole stack in one go: a broker, the bridge and simulated lights, started in order and ended in reverse."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from broker.accounts import CREDENTIALS, Accounts
from broker.embedded import EmbeddedBroker
from broker.errors import BrokerError
from broker.mosquitto import Mosquitto
from cloud.database import Address
from cloud.serve import Bridge
from cloud.settings import Settings
from cloud.tokens import issue_token
from contract.address import BrokerAddress
from contract.topics import BRIDGE_USER
from presslight.address import read_address
from presslight.simulated_light import SimulatedLight, SimulatedLightError

ROOMS = ("kitchen", "living-room", "hall", "bedroom", "bathroom", "study", "attic", "garage")

OWN_BROKERS = ("embedded", "mosquitto")
"""The brokers that a stack starts itself."""

REVIVALS = 5
"""How often one part that ends by itself is started again before the stack gives up."""

Say = Callable[[str], None]
"""Hears in a few words what is being started, or what went wrong."""


def room_names(count: int) -> tuple[str, ...]:
    """Give `count` lights names: rooms of a house first, then light-9, light-10 and so on."""
    return ROOMS[:count] + tuple(f"light-{number}" for number in range(len(ROOMS) + 1, count + 1))


def store_of(folder: Path) -> Path:
    """Where the bridge keeps presses and tokens, in a stack's folder, unless it is told another store."""
    return folder / "presses.db"


class Stack:
    """`async with Stack(broker="embedded", lights=3) as stack:` then `stack.url`, `stack.token`, `stack.lights`.

    `broker`: `embedded` (amqtt in this process), `mosquitto` (a child process) or an address `mqtt[s]://user:pass@host`
    (or `@file`), where that one user serves the bridge and all lights. `folder`: where accounts, presses and the
    lights' flash stay; None keeps them in a temporary folder that goes with the stack. `store`: where presses and
    tokens stay instead, a file or `postgresql://user@host/database`. `guest`: the phone that gets a token at the
    start, None for none. `step` hears what is being started, `trouble` of parts that ended by themselves
    and are started again.

    Raises what the parts raise: PresslightError, with a code and one sentence.
    """

    def __init__(  # noqa: PLR0913 -- what can be chosen about a stack, each by name
        self,
        *,
        broker: str = "embedded",
        lights: int | Sequence[str] = 3,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        store: Address | None = None,
        press_rate: int = 50,
        ca_file: Path | None = None,
        guest: str | None = "demo",
        step: Say = lambda _: None,
        trouble: Say = lambda _: None,
    ) -> None:
        self.names = room_names(lights) if isinstance(lights, int) else tuple(lights)
        self.lights: dict[str, SimulatedLight] = {}
        self.broker: EmbeddedBroker | Mosquitto | None = None
        self.bridge: Bridge
        self.token = ""
        self._wanted = broker
        self._where = (host, port)
        self._folder = folder
        self._store = store
        self._press_rate = press_rate
        self._ca_file = ca_file
        self._guest = guest
        self._step = step
        self._trouble = trouble
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            folder = self._folder or Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="presslight-")))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            users = await self._start_broker(exits, folder)
            await self._start_bridge(exits, folder, users(BRIDGE_USER))
            for name in self.names:
                self._step(f"the light {name}")
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
        """Where the bridge is: http://host:port."""
        return self.bridge.url

    @property
    def phone_link(self) -> str:
        """The phone page, with the guest's token in the part that no server sees."""
        return f"{self.url}/#token={self.token}" if self.token else self.url

    async def watch(self) -> None:
        """Start again what ends by itself, until cancelled. Raises what a part raises that will not stay up."""
        async with asyncio.TaskGroup() as tasks:
            for name, light in self.lights.items():
                tasks.create_task(self._keep(_dies(light), light.power_on), name=f"watch {name}")
            if isinstance(self.broker, Mosquitto):
                tasks.create_task(self._keep(self.broker.watch, self.broker.start), name="watch mosquitto")
            tasks.create_task(self.bridge.watch(), name="watch bridge")

    async def _keep(self, ends: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]]) -> None:
        for revival in range(REVIVALS + 1):
            try:
                await ends()
            except (SimulatedLightError, BrokerError) as error:
                if revival == REVIVALS:
                    raise
                self._trouble(f"{error}; starting it again")
                await start()

    async def _start_broker(self, exits: AsyncExitStack, folder: Path) -> Callable[[str], BrokerAddress]:
        if self._wanted not in OWN_BROKERS:
            address = read_address(self._wanted, ca_file=self._ca_file)
            return lambda _: address
        self._step(f"the {self._wanted} broker" if self._wanted == "embedded" else "Mosquitto")
        accounts = _accounts(folder / CREDENTIALS, self.names)
        broker = EmbeddedBroker(accounts) if self._wanted == "embedded" else Mosquitto(accounts, folder / "mosquitto")
        await exits.enter_async_context(broker)
        self.broker = broker
        return lambda user: broker.address.signed_in_as(user, accounts.password(user))

    async def _start_bridge(self, exits: AsyncExitStack, folder: Path, address: BrokerAddress) -> None:
        self._step("the bridge")
        settings = Settings(
            broker=address,
            store=self._store or store_of(folder),
            press_rate=self._press_rate,
            press_burst=2 * self._press_rate,
        )
        self.bridge = await exits.enter_async_context(Bridge(settings, *self._where))
        if self._guest is not None:
            self.token = issue_token(settings.store, phone=self._guest)


def _accounts(file: Path, lights: Sequence[str]) -> Accounts:
    accounts = Accounts.load(file) if file.exists() else Accounts.make(())
    for light in lights:
        accounts.add(light)
    accounts.save(file)
    return accounts


def _dies(light: SimulatedLight) -> Callable[[], Awaitable[None]]:
    async def dies() -> None:
        await light.until(lambda _: False)

    return dies
