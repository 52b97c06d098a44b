"""Phones' tokens: 256 random bits each, kept as their SHA-256.

A slow hash (argon2, bcrypt) makes guessing a password dear; 256 random bits cannot be guessed at any price, and a slow
hash would only make each connection dear. The clear text is shown once, when it is issued.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from presslight.cloud.store.database import Address, Database, patient
from presslight.contract.errors import Invalid

LONGEST_NAME = 64

_BYTES = 32
_ID_BYTES = 6
_READ = """
SELECT tokens.hash AS hash, phone, issued_at, expires_at, used_at
FROM tokens LEFT JOIN token_times ON token_times.hash = tokens.hash ORDER BY issued_at, phone
"""


class IssuedToken(NamedTuple):
    """A token that was issued. Times are Unix s; `expires_at` None: never, `used_at` None: not yet."""

    hash: bytes
    phone: str
    issued_at: int
    expires_at: int | None
    used_at: int | None

    @property
    def id(self) -> str:
        """The first 12 hex digits of its hash: a name that grants nothing."""
        return self.hash[:_ID_BYTES].hex()


def issue_token(store: Address, phone: str, lasts_s: int | None = None) -> str:
    """Issue a token to `phone`, valid for `lasts_s` seconds (None: for ever); return its clear text, stored nowhere.

    Raises Invalid, StoreUnavailable.
    """
    check_name(phone)
    token = secrets.token_urlsafe(_BYTES)
    now = int(time.time())
    with patient(store) as database:
        if lasts_s is not None:  # first: a token must never be good for longer than it was made for
            database.run("INSERT INTO token_times (hash, expires_at) VALUES (?, ?)", (hash_of(token), now + lasts_s))
        database.run("INSERT INTO tokens (hash, phone, issued_at) VALUES (?, ?, ?)", (hash_of(token), phone, now))
    return token


def revoke_tokens(store: Address, phone: str) -> list[IssuedToken]:
    """Revoke all tokens of `phone`; return them. Their sockets close within a second. Raises StoreUnavailable."""
    return _revoke(store, lambda issued: issued.phone == phone)


def revoke_token(store: Address, token_id: str) -> list[IssuedToken]:
    """Revoke the tokens with this id; return them. Raises StoreUnavailable."""
    return _revoke(store, lambda issued: issued.id == token_id)


def list_tokens(store: Address) -> list[IssuedToken]:
    """List the tokens that were not revoked, oldest first. Raises StoreUnavailable."""
    with patient(store) as database:
        return _all(database)


def check_name(phone: str) -> None:
    """Raise Invalid where the text is no name for a phone."""
    if not 1 <= len(phone) <= LONGEST_NAME:
        raise Invalid(f"a phone's name has 1 to {LONGEST_NAME} characters")
    if not phone.isprintable() or phone != phone.strip():
        raise Invalid("a phone's name is printable, with no space at its ends")


def hash_of(token: str) -> bytes:
    """The SHA-256 of a token, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def _all(database: Database) -> list[IssuedToken]:
    return [
        IssuedToken(bytes(row["hash"]), row["phone"], row["issued_at"], row["expires_at"], row["used_at"])
        for row in database.run(_READ)
    ]


def _revoke(store: Address, is_meant: Callable[[IssuedToken], bool]) -> list[IssuedToken]:
    with patient(store) as database:
        meant = [issued for issued in _all(database) if is_meant(issued)]
        gone = [
            issued
            for issued in meant
            if database.run("DELETE FROM tokens WHERE hash = ? RETURNING hash", (issued.hash,))
        ]
        for issued in gone:
            database.run("DELETE FROM token_times WHERE hash = ?", (issued.hash,))
    return gone
