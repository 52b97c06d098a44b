"""The folder of `presslight accounts`: accounts for a Mosquitto that runs elsewhere, and its address.

`credentials.json` is the source; `passwords` and `acl` are derived from it for Mosquitto, `NAME.url` for each user.
All is read and checked before a write, `credentials.json` is written first: the next run completes what a crash left.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from presslight.address import check_host, read_address
from presslight.broker.accounts import CREDENTIALS, PASSWORDS, Accounts, check_user
from presslight.broker.acl import acl
from presslight.broker.kept_files import PUBLIC, replace_files
from presslight.contract.address import DEFAULT_PORTS, BrokerAddress
from presslight.contract.errors import Invalid, printable
from presslight.contract.topics import BRIDGE_USER

ACL = "acl"
LOCAL = BrokerAddress(host="127.0.0.1", port=DEFAULT_PORTS["mqtt"])


class AccountsFolder:
    """The accounts and the broker's address. `address`: without a user; None where no user's file has one."""

    def __init__(self, folder: Path, accounts: Accounts, found: Mapping[str, BrokerAddress]) -> None:
        self.folder = folder
        self.accounts = accounts
        self.address = _unsigned(found.get(BRIDGE_USER) or next(iter(found.values()), None))
        self._found = found
        self._gone: set[str] = set()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the folder's files. Raises BadCredentials, Invalid, OSError."""
        file = folder / CREDENTIALS
        accounts = Accounts.load(file) if file.exists() else Accounts.make(())
        files = {user: folder / f"{user}.url" for user in accounts.users}
        found = {user: _signed_in(file, user, accounts) for user, file in files.items() if file.exists()}
        return cls(folder, accounts, found)

    @property
    def is_new(self) -> bool:
        """Whether the folder has no accounts yet."""
        return not (self.folder / CREDENTIALS).exists()

    def file(self, user: str) -> Path:
        """The file with a user's address and password."""
        return self.folder / f"{user}.url"

    def add(self, users: Iterable[str]) -> None:
        """Add accounts; existing ones stay. Raises BadCredentials."""
        for user in users:
            self.accounts.add(user)

    def remove(self, users: Iterable[str]) -> None:
        """Remove accounts, also the rest of one after a crash. Raises UnknownUser, BadCredentials, Invalid."""
        for user in users:
            check_user(user)
            if user == BRIDGE_USER:
                raise Invalid("the bridge keeps its account: without it no phone reaches a light")
            if user in self.accounts.users or not self.file(user).exists():
                self.accounts.remove(user)
            self._gone.add(user)

    def change_address(self, host: str | None, port: int | None, tls: bool | None) -> None:
        """Change the broker's address; None keeps the former value. Raises Invalid."""
        if self.address is None and host is None and not self.is_new:
            raise Invalid(
                f"nothing in {printable(self.folder)} tells where the broker is: say it (--host, --port, --tls)"
            )
        known = self.address or LOCAL
        secure = known.tls if tls is None else tls
        if port is None:
            port = known.port if known.port != _usual_port(known.tls) else _usual_port(secure)
        where = known.host if host is None else check_host(host)
        self.address = BrokerAddress(host=where, port=port, tls=secure)

    def save(self) -> tuple[Path, ...]:
        """Write the changed files; the new or changed files of addresses. Raises Invalid, OSError."""
        new = {self.file(user): text for user, text in self._urls() if self._is_other(user)}
        texts = {
            self.folder / CREDENTIALS: self.accounts.to_json(),
            **new,
            self.folder / PASSWORDS: self.accounts.to_mosquitto_passwords(),
        }
        rights = {self.folder / ACL: acl(self.accounts.users)}
        for file in (*texts, *rights):
            if file.is_dir():
                raise Invalid(f"{printable(file)} is a folder, where a file has to go")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_files(texts)
        replace_files(rights, mode=PUBLIC)
        for user in self._gone:
            self.file(user).unlink(missing_ok=True)
        return tuple(new)

    def _urls(self) -> Iterator[tuple[str, str]]:
        """Each user and its URL with its password; the bridge's last, as `open` trusts it above the others."""
        for user in sorted(self.accounts.users, key=lambda user: (user == BRIDGE_USER, user)):
            yield user, self._signed_in_as(user).url() + "\n"

    def _is_other(self, user: str) -> bool:
        return self._found.get(user) != self._signed_in_as(user)

    def _signed_in_as(self, user: str) -> BrokerAddress:
        return (self.address or LOCAL).signed_in_as(user, self.accounts.password(user))


def _signed_in(file: Path, user: str, accounts: Accounts) -> BrokerAddress:
    """Read a user's file. Raises Invalid where it does not hold this user's address."""
    try:
        address = read_address(f"@{file}")
    except Invalid as error:
        raise Invalid(f"{printable(file)} is damaged: mend it, or remove it to have it written anew") from error
    if address != address.signed_in_as(user, accounts.password(user)):
        raise Invalid(f"{printable(file)} is not for the account {user}: remove it to have it written anew")
    return address


def _unsigned(address: BrokerAddress | None) -> BrokerAddress | None:
    return address and address.model_copy(update={"username": None, "password": None})


def _usual_port(tls: bool) -> int:
    return DEFAULT_PORTS["mqtts" if tls else "mqtt"]
