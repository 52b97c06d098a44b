"""Phones' tokens: 256 random bits each, kept as their SHA-256.

A slow hash (argon2, bcrypt) makes guessing a password dear; 256 random bits cannot be guessed at any price, and a slow
hash would only make each connection dear. The clear text is shown once, when it is issued.
"""

import hashlib
import secrets
import time
from typing import NamedTuple

from cloud.database import Address, patient

_BYTES = 32


class Issued(NamedTuple):
    """A token in the list: whose, since when (Unix s), and the first characters of its hash to name it by."""

    phone: str
    issued_at: int
    name: str


def issue_token(store: Address, phone: str) -> str:
    """Make a token for `phone` and answer its clear text, which is kept nowhere. Raises StoreUnavailable."""
    token = secrets.token_urlsafe(_BYTES)
    with patient(store) as database:
        database.run(
            "INSERT INTO tokens (hash, phone, issued_at) VALUES (?, ?, ?)",
            (hash_of(token), phone, int(time.time())),
        )
    return token


def revoke_tokens(store: Address, phone: str) -> int:
    """Make all tokens of `phone` worthless; answers how many there were. Its sockets are closed within a second."""
    with patient(store) as database:
        return len(database.run("DELETE FROM tokens WHERE phone = ? RETURNING hash", (phone,)))


def list_tokens(store: Address) -> list[Issued]:
    """Every token that is good, oldest first. Raises StoreUnavailable."""
    with patient(store) as database:
        rows = database.run("SELECT phone, issued_at, hash FROM tokens ORDER BY issued_at, phone")
    return [Issued(phone, issued_at, digest.hex()[:8]) for phone, issued_at, digest in rows]


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
