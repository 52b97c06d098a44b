"""Mosquitto as a child process, with the same users, rights and bounds as the embedded broker.

It runs as the user that started presslight, also as root: its folder stays private, and an attacker who takes over
Mosquitto gains nothing over presslight itself.
"""

import asyncio
import logging
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from presslight.broker import ports
from presslight.broker.accounts import PASSWORDS, Accounts
from presslight.broker.acl import acl
from presslight.broker.authority import Authority
from presslight.broker.config import DATABASE, ConfigFiles, Listener, mosquitto_conf
from presslight.broker.errors import AuthorityMissing, BrokerDied, BrokerSilent, MosquittoMissing, PortInUse
from presslight.broker.kept_files import replace_files
from presslight.broker.limits import MAX_CONNECTIONS_OF_MOSQUITTO
from presslight.broker.mosquitto_log import (
    is_database_corrupt,
    is_warning,
    parse_port_in_use,
    parse_refusal,
    without_numbers,
)
from presslight.broker.mosquitto_process import MosquittoProcess
from presslight.broker.refusals import Refusals
from presslight.contract import open_files, tcp
from presslight.contract.address import BrokerAddress
from presslight.contract.damping import Damping
from presslight.contract.errors import printable

SEARCHED = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
START_TIMEOUT_S = 10
RELOAD_TIMEOUT_S = 5
"""The longest time from SIGHUP to the reloaded accounts; Mosquitto reloads between two messages."""

PORT_ATTEMPTS = 5

OWN_FILES = 64
"""File descriptors for Mosquitto's own files."""

_log = logging.getLogger("presslight.broker.mosquitto")


class Mosquitto:
    """`async with Mosquitto(accounts, folder) as broker: broker.address`.

    With a `folder`, retained messages survive a restart there; without one they are in memory, and a temporary folder
    is removed at the end. `port`, `tls_port` 0: a free one. With `tls` and an `authority` it listens with TLS on
    `host`, and without TLS only on this machine, for the bridge. `log_packets`: log every packet, so that each refused
    PUBLISH is counted in `refusals` (2.0 reports them in no other way; it costs a line per packet).

    `kill`, `stop` and `start` may be called in between: the addresses stay.
    Raises MosquittoMissing, PortInUse, BrokerDied, BrokerSilent, AuthorityMissing, each with one line of text.
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
        log_packets: bool = False,
    ) -> None:
        self.refusals = Refusals()
        self._warnings = Damping()
        self._accounts = accounts
        self._folder = folder
        self._host = host
        self._ports = (port, tls_port)
        self._tls = tls
        self._authority = authority
        self._log_packets = log_packets
        self._passwords = Path()
        self._process: MosquittoProcess | None = None
        self._running: AsyncExitStack | None = None

    @property
    def address(self) -> BrokerAddress:
        """The address for clients of this machine, without a user; valid once started."""
        return BrokerAddress(host=tcp.reachable(self._plain_host), port=self._ports[0])

    @property
    def tls_address(self) -> BrokerAddress:
        """The address of the TLS listener, without a user. Raises AuthorityMissing where there is none."""
        ca = self._certificates().ca
        return BrokerAddress(host=tcp.reachable(self._host), port=self._ports[1], tls=True, ca_file=str(ca))

    @property
    def pid(self) -> int:
        """The process id. Raises BrokerDied where it does not run."""
        return self._running_process().pid

    async def start(self) -> None:
        """Start Mosquitto, also again, and wait until it accepts connections. Raises as the class says."""
        await self.stop()
        command = find_mosquitto()
        running = AsyncExitStack()
        try:
            folder = self._folder or Path(running.enter_context(tempfile.TemporaryDirectory(prefix="presslight-")))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tasks = await running.enter_async_context(asyncio.TaskGroup())
            self._process = await self._start_on_free_port(command, folder, tasks)
            running.push_async_callback(self._process.stop)
        except BaseException:
            await running.aclose()
            raise
        self._running = running

    async def stop(self) -> None:
        """Stop Mosquitto; with a folder, it saves retained messages there."""
        running, self._running, self._process = self._running, None, None
        if running:
            await running.aclose()

    async def kill(self) -> None:
        """Send SIGKILL, as a power cut: for tests of the recovery."""
        self._running_process().send_signal(signal.SIGKILL)
        await self.stop()

    async def reload(self) -> None:
        """Reload the accounts (SIGHUP), so that a new light may connect. Raises BrokerDied, BrokerSilent."""
        process = self._running_process()
        replace_files(self._access_files())
        reloaded = process.wait_for_line("Reloading config")
        process.send_signal(signal.SIGHUP)
        async with _time_limit(RELOAD_TIMEOUT_S):
            if not await reloaded:
                raise BrokerDied(f"mosquitto ended: {process.last_line}")

    async def apply_accounts(self, disconnected: Collection[str]) -> None:  # noqa: ARG002 -- it finds them itself
        """Reload the accounts; Mosquitto disconnects whose is gone. Raises BrokerDied, BrokerSilent."""
        await self.reload()

    async def wait_until_stopped(self) -> None:
        """Wait until Mosquitto is stopped. Raises BrokerDied when it ends unasked."""
        process = self._running_process()
        await process.ended.wait()
        if self._process is process:
            raise BrokerDied(f"mosquitto ended: {process.last_line}")

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

    async def _start_on_free_port(self, command: str, folder: Path, tasks: asyncio.TaskGroup) -> MosquittoProcess:
        """Start it on the configured ports; a port 0 is chosen again where another program takes it meanwhile."""
        plain, tls = asked = self._ports
        choosable = not plain or (self._tls and not tls)
        attempts = PORT_ATTEMPTS if choosable else 1
        while True:
            self._ports = (
                plain or ports.find_free_port(self._plain_host),
                tls or (ports.find_free_port(self._host) if self._tls else 0),
            )
            attempts -= 1
            try:
                return await self._start_once(command, self._write_config(folder), tasks)
            except BaseException as error:
                self._ports = asked
                if not isinstance(error, PortInUse) or not attempts:
                    raise

    async def _start_once(self, command: str, settings: Path, tasks: asyncio.TaskGroup) -> MosquittoProcess:
        process = await MosquittoProcess.start([command, "-c", str(settings)], self._on_log_line)
        tasks.create_task(process.read_log(), name="mosquitto's log")
        try:
            async with _time_limit(START_TIMEOUT_S):
                if await process.wait_for_line(" running") and await self._accepts_connections(process):
                    return process
        except BaseException:
            await process.stop()
            raise
        if (port := parse_port_in_use(process.lines)) is not None:
            raise ports.port_in_use(self._host, port)
        if is_database_corrupt(process.lines) and _set_aside_database(settings.with_name(DATABASE)):
            return await self._start_once(command, settings, tasks)
        raise BrokerDied(f"mosquitto did not start: {process.last_line}")

    async def _accepts_connections(self, process: MosquittoProcess) -> bool:
        """Whether it accepts a connection: it logs "running" a moment before, and loses a signal in that moment."""
        opened = process.wait_for_line("New connection from")
        _, writer = await asyncio.open_connection(self.address.host, self.address.port)
        writer.close()
        await writer.wait_closed()
        return await opened

    def _write_config(self, folder: Path) -> Path:
        """Write Mosquitto's files; the path of its mosquitto.conf."""
        files = ConfigFiles(folder / PASSWORDS, folder / "acl", folder if self._folder else None)
        self._passwords = folder / PASSWORDS
        settings = folder / "mosquitto.conf"
        text = mosquitto_conf(self._listeners(), files, user=_run_as_user(), log_packets=self._log_packets)
        replace_files({**self._access_files(), settings: text})
        return settings

    def _access_files(self) -> dict[Path, str]:
        """Texts of the files that depend on the accounts, by path."""
        return {
            self._passwords: self._accounts.to_mosquitto_passwords(),
            self._passwords.with_name("acl"): acl(self._accounts.users),
        }

    def _listeners(self) -> list[Listener]:
        most = _connection_limit()
        plain = Listener(self._plain_host, self._ports[0], connections=most)
        if not self._tls:
            return [plain]
        made = self._certificates()
        return [plain, Listener(self._host, self._ports[1], made.certificate, made.key, most)]

    def _certificates(self) -> Authority:
        if self._authority is None or not self._tls:
            raise AuthorityMissing("TLS needs a certificate: python -m presslight.broker.authority FOLDER --host NAME")
        return self._authority

    def _running_process(self) -> MosquittoProcess:
        if self._process is None:
            raise BrokerDied("mosquitto is not running")
        return self._process

    def _on_log_line(self, line: str) -> None:
        if refused := parse_refusal(line):
            self.refusals.record(*refused)
        if not is_warning(line):
            _log.debug("%s", line)
        elif times := self._warnings.count_up(without_numbers(line)):
            _log.warning("%s%s", line, f" (for the {times}th time)" if times > 1 else "")


@asynccontextmanager
async def _time_limit(seconds: float) -> AsyncIterator[None]:
    """Raise BrokerSilent where the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise BrokerSilent(
            f"mosquitto has not responded for {seconds} s: is it stopped, or does its disk hang?"
        ) from None


def _connection_limit() -> int:
    """The most connections of a listener: Mosquitto inherits this process's limit of files, and needs some itself."""
    return max(1, min(MAX_CONNECTIONS_OF_MOSQUITTO, open_files.raise_limit() - OWN_FILES))


def find_mosquitto() -> str:
    """The path of this machine's mosquitto. Raises MosquittoMissing."""
    path = f"{os.environ.get('PATH', os.defpath)}:{SEARCHED}"
    if found := shutil.which("mosquitto", path=path):
        return found
    raise MosquittoMissing("there is no mosquitto on this machine (Debian: apt-get install mosquitto)")


def _set_aside_database(database: Path) -> bool:
    """Rename a database that Mosquitto cannot read: lights publish their retained messages again. False on failure."""
    aside = database.with_name(f"{database.name}.spoilt")
    try:
        database.replace(aside)
    except OSError:
        return False
    _log.warning("Mosquitto cannot read its retained messages: the database is renamed to %s", printable(aside))
    return True


def _run_as_user() -> str | None:
    """Root's name as root, else None: as root Mosquitto switches to a user that cannot read the private folder."""
    return pwd.getpwuid(0).pw_name if os.geteuid() == 0 else None
