"""Mosquitto as a child process, with the same users, rights and bounds as the embedded broker.

It runs as the user that started presslight, also where that is root: its folder stays private, and an attacker who
gets hold of it gains nothing over presslight itself.
"""

import asyncio
import logging
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from presslight.broker import ports
from presslight.broker.accounts import PASSWORDS, Accounts
from presslight.broker.acl import acl
from presslight.broker.authority import Authority
from presslight.broker.config import DATABASE, Files, Listener, config
from presslight.broker.errors import AuthorityMissing, BrokerDied, BrokerSilent, MosquittoMissing, PortInUse
from presslight.broker.kept_files import replace_files
from presslight.broker.limits import MAX_CONNECTIONS_OF_MOSQUITTO
from presslight.broker.mosquitto_log import database_is_spoilt, is_trouble, port_in_use, refusal
from presslight.broker.mosquitto_process import Child
from presslight.broker.refusals import Refusals
from presslight.contract import open_files, tcp
from presslight.contract.address import BrokerAddress
from presslight.contract.errors import printable

SEARCHED = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
START_S = 10
RELOAD_S = 5
"""How long it may take to read the accounts anew; it does so between two messages."""

PORT_ATTEMPTS = 5

OWN_FILES = 64
"""Kept for what it reads and writes itself."""

_log = logging.getLogger("presslight.broker.mosquitto")


class Mosquitto:
    """`async with Mosquitto(accounts, folder) as broker: broker.address`.

    With a `folder`, retained messages are kept there over restarts; without, all of it is in memory and a folder that
    is removed at the end. With `tls` and an `authority` it listens with TLS on `host`, and without TLS only on this
    machine, for the bridge. `tell_all` has every packet logged, so that refused publishes are counted in `refusals`
    (2.0 tells of them in no other way; it costs a line per packet).

    `kill`, `stop` and `start` may be called in between: the addresses stay.
    Raises MosquittoMissing, PortInUse, BrokerDied, BrokerSilent, AuthorityMissing, each with one line of what to do.
    """

    def __init__(
        self,
        accounts: Accounts,
        folder: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: bool = False,
        tls_port: int = 0,
        authority: Authority | None = None,
        tell_all: bool = False,
    ) -> None:
        self.refusals = Refusals()
        self._accounts = accounts
        self._folder = folder
        self._host = host
        self._ports = (port, tls_port)
        self._tls = tls
        self._authority = authority
        self._tell_all = tell_all
        self._passwords = Path()
        self._child: Child | None = None
        self._running: AsyncExitStack | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where clients of this machine connect, without a user. Known once started."""
        return BrokerAddress(host=tcp.reachable(self._plain_host), port=self._ports[0])

    @property
    def tls_address(self) -> BrokerAddress:
        """The same with TLS. Raises AuthorityMissing where there is no TLS."""
        ca = self._certificates().ca
        return BrokerAddress(host=tcp.reachable(self._host), port=self._ports[1], tls=True, ca_file=str(ca))

    @property
    def pid(self) -> int:
        """The process id. Raises BrokerDied where there is none."""
        return self._alive().pid

    async def start(self) -> None:
        """Start it and wait until it listens; also after it died."""
        await self.stop()
        command = find()
        running = AsyncExitStack()
        try:
            folder = self._folder or Path(running.enter_context(tempfile.TemporaryDirectory(prefix="presslight-")))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tasks = await running.enter_async_context(asyncio.TaskGroup())
            self._child = await self._listening(command, folder, tasks)
            running.push_async_callback(self._child.stop)
        except BaseException:
            await running.aclose()
            raise
        self._running = running

    async def stop(self) -> None:
        """End it; what was retained is kept where there is a folder."""
        running, self._running, self._child = self._running, None, None
        if running:
            await running.aclose()

    async def kill(self) -> None:
        """Take its power away (SIGKILL), for tests of what comes after."""
        self._alive().send(signal.SIGKILL)
        await self.stop()

    async def reload(self) -> None:
        """Have it read the accounts anew, so that a light added since may connect. Raises BrokerDied, BrokerSilent."""
        child = self._alive()
        replace_files(self._rights())
        reloaded = child.says("Reloading config")
        child.send(signal.SIGHUP)
        async with _answers_within(RELOAD_S):
            if not await reloaded:
                raise BrokerDied(f"mosquitto ended: {child.last_line}")

    async def watch(self) -> None:
        """Return once it was stopped; raise BrokerDied when it ends by itself."""
        child = self._alive()
        await child.ended.wait()
        if self._child is child:
            raise BrokerDied(f"mosquitto ended: {child.last_line}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _plain_host(self) -> str:
        return "127.0.0.1" if self._tls else self._host

    async def _listening(self, command: str, folder: Path, tasks: asyncio.TaskGroup) -> Child:
        """Start it on the wished ports; where one is free to choose and was taken meanwhile, on another."""
        plain, tls = wished = self._ports
        choosable = not plain or (self._tls and not tls)
        attempts = PORT_ATTEMPTS if choosable else 1
        while True:
            self._ports = (plain or ports.free(self._plain_host), tls or (ports.free(self._host) if self._tls else 0))
            attempts -= 1
            try:
                return await self._attempt(command, self._write(folder), tasks)
            except BaseException as error:
                self._ports = wished
                if not isinstance(error, PortInUse) or not attempts:
                    raise

    async def _attempt(self, command: str, settings: Path, tasks: asyncio.TaskGroup) -> Child:
        child = await Child.start([command, "-c", str(settings)], self._hear)
        tasks.create_task(child.read(), name="mosquitto's log")
        try:
            async with _answers_within(START_S):
                if await child.says(" running") and await self._knocked(child):
                    return child
        except BaseException:
            await child.stop()
            raise
        if (port := port_in_use(child.lines)) is not None:
            raise ports.in_use(self._host, port)
        if database_is_spoilt(child.lines) and _set_aside(settings.with_name(DATABASE)):
            return await self._attempt(command, settings, tasks)
        raise BrokerDied(f"mosquitto did not start: {child.last_line}")

    async def _knocked(self, child: Child) -> bool:
        """Whether it opens: "running" is said a moment before it is, and a signal in that moment is lost."""
        opened = child.says("New connection from")
        _, writer = await asyncio.open_connection(self.address.host, self.address.port)
        writer.close()
        await writer.wait_closed()
        return await opened

    def _write(self, folder: Path) -> Path:
        """Write what it reads, and return its mosquitto.conf."""
        files = Files(folder / PASSWORDS, folder / "acl", folder if self._folder else None)
        self._passwords = folder / PASSWORDS
        settings = folder / "mosquitto.conf"
        text = config(self._listeners(), files, user=_our_user(), tell_all=self._tell_all)
        replace_files({**self._rights(), settings: text})
        return settings

    def _rights(self) -> dict[Path, str]:
        """Its files that change with the accounts, and what is to stand in them."""
        return {
            self._passwords: self._accounts.hashed_text(),
            self._passwords.with_name("acl"): acl(self._accounts.users),
        }

    def _listeners(self) -> list[Listener]:
        most = _most_connections()
        plain = Listener(self._plain_host, self._ports[0], connections=most)
        if not self._tls:
            return [plain]
        made = self._certificates()
        return [plain, Listener(self._host, self._ports[1], made.certificate, made.key, most)]

    def _certificates(self) -> Authority:
        if self._authority is None or not self._tls:
            raise AuthorityMissing("TLS needs a certificate: python -m presslight.broker.authority FOLDER --host NAME")
        return self._authority

    def _alive(self) -> Child:
        if self._child is None:
            raise BrokerDied("mosquitto is not running")
        return self._child

    def _hear(self, line: str) -> None:
        if refused := refusal(line):
            self.refusals.note(*refused)
        _log.log(logging.WARNING if is_trouble(line) else logging.DEBUG, "%s", line)


@asynccontextmanager
async def _answers_within(seconds: float) -> AsyncIterator[None]:
    """Raise BrokerSilent where that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise BrokerSilent(
            f"mosquitto has not answered for {seconds} s: is it stopped, or does its disk hang?"
        ) from None


def _most_connections() -> int:
    """How many a listener takes: Mosquitto may have as many files as we, and has to write some of its own."""
    return max(1, min(MAX_CONNECTIONS_OF_MOSQUITTO, open_files.raise_limit() - OWN_FILES))


def find() -> str:
    """The mosquitto of this machine. Raises MosquittoMissing."""
    path = f"{os.environ.get('PATH', os.defpath)}:{SEARCHED}"
    if found := shutil.which("mosquitto", path=path):
        return found
    raise MosquittoMissing("there is no mosquitto on this machine (Debian: apt-get install mosquitto)")


def _set_aside(database: Path) -> bool:
    """Give a database that Mosquitto cannot read another name: lights say anew what was retained in it."""
    aside = database.with_name(f"{database.name}.spoilt")
    try:
        database.replace(aside)
    except OSError:
        return False
    _log.warning("Mosquitto cannot read what it retained: set aside as %s", printable(aside))
    return True


def _our_user() -> str | None:
    """Our own name where we are root, as Mosquitto would else become another user, who cannot read our folder."""
    return pwd.getpwuid(0).pw_name if os.geteuid() == 0 else None
