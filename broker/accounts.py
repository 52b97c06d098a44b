"""Accounts of a broker: a user and a password for each light, for the bridge, and optionally for Home Assistant.

Clear passwords are in memory and, for a stack that restarts, in one file that only its owner can read. A broker's file
has hashes, in Mosquitto's `$7$` format (PBKDF2 with SHA-512, RFC 8018).
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from presslight.broker.errors import BadCredentials, UnknownUser
from presslight.broker.kept_files import replace_files
from presslight.contract.topics import BRIDGE_USER, Role, role_of
from presslight.contract.words import is_light_id

PASSWORD_BYTES = 18
"""144 random bits: the password's entropy, not the rounds of the hash, defeats guessing."""

HASH_ROUNDS = 101
"""Mosquitto's default. It hashes on its only thread, at each CONNECT, so more rounds would ease a denial of service."""

CREDENTIALS = "credentials.json"
PASSWORDS = "passwords"


class Accounts:
    """Users and their clear passwords. The repr shows the users only."""

    def __init__(self, passwords: dict[str, str]) -> None:
        self._passwords = passwords

    @classmethod
    def make(cls, lights: Iterable[str], others: Iterable[str] = (BRIDGE_USER,)) -> Self:
        """New random passwords for `lights` and `others` (`bridge`, `homeassistant`). Raises BadCredentials."""
        accounts = cls({})
        for user in (*others, *lights):
            accounts.add(user)
        return accounts

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a file of `save`. Raises BadCredentials, never with a password in its text."""
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadCredentials(f"cannot read {file}: {type(error).__name__}") from None
        if not isinstance(read, dict) or not all(isinstance(password, str) for password in read.values()):
            raise BadCredentials(f"{file} is not a file of users and passwords")
        try:
            for user in read:
                check_user(user)
        except BadCredentials as error:
            raise BadCredentials(f"{file}: {error}") from None
        return cls(read)

    def save(self, file: Path) -> None:
        """Write the clear passwords to `file`, readable by its owner only. Raises OSError."""
        replace_files({file: self.to_json()})

    def save_hashed(self, file: Path) -> None:
        """Write Mosquitto's password file. Raises OSError."""
        replace_files({file: self.to_mosquitto_passwords()})

    def add(self, user: str) -> None:
        """Add an account with a new password; an existing one stays. Raises BadCredentials for an invalid name."""
        if user not in self._passwords:
            check_user(user)
            self._passwords[user] = secrets.token_urlsafe(PASSWORD_BYTES)

    def remove(self, user: str) -> None:
        """Remove an account. Raises UnknownUser."""
        self.password(user)
        del self._passwords[user]

    def update(self, other: "Accounts") -> frozenset[str]:
        """Replace all accounts by those of `other`; the users whose password is no longer valid."""
        before, self._passwords = self._passwords, {user: other.password(user) for user in other.users}
        return frozenset(user for user, password in before.items() if self._passwords.get(user) != password)

    def to_json(self) -> str:
        """The clear passwords as `load` reads them: a JSON object, password by user."""
        return json.dumps(self._passwords, indent=1)

    def to_mosquitto_passwords(self) -> str:
        """Mosquitto's password file: a line `user:hash` for each user."""
        return "".join(f"{user}:{hash_password(self._passwords[user])}\n" for user in self.users)

    @property
    def users(self) -> tuple[str, ...]:
        """All users, sorted."""
        return tuple(sorted(self._passwords))

    @property
    def lights(self) -> tuple[str, ...]:
        """The users with the role of a light, sorted."""
        return tuple(user for user in self.users if role_of(user) is Role.LIGHT)

    def password(self, user: str) -> str:
        """The clear password. Raises UnknownUser."""
        try:
            return self._passwords[user]
        except KeyError:
            raise UnknownUser(f"there is no account {user!r}") from None

    def verify(self, user: str, password: bytes) -> bool:
        """Whether this is the user's password, compared in constant time."""
        known = self._passwords.get(user)
        return hmac.compare_digest((known or "").encode(), password) and known is not None

    def __repr__(self) -> str:
        return f"Accounts({', '.join(self.users)})"


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Hash a password as `$7$rounds$salt$hash` (PBKDF2, RFC 8018), with a random salt where `salt` is None."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS, dklen=64)
    return f"$7${HASH_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def check_user(user: str) -> None:
    """Raise BadCredentials for an invalid user name."""
    has_light_id = role_of(user) is Role.LIGHT or user.startswith(f"{BRIDGE_USER}-")
    if has_light_id and not is_light_id(user.removeprefix(f"{BRIDGE_USER}-")):
        raise BadCredentials(f"{user[:80]!r} is not a user name (a-z, 0-9, - and _, at most 32)")
