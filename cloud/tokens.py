"""Phones' tokens: 256 random bits each, kept as their SHA-256.

A slow hash (argon2, bcrypt) makes guessing a password dear; 256 random bits cannot be guessed at any price, and a slow
hash would only make each connection dear. The clear text is shown once, when it is issued.
"""

import hashlib
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from cloud.schema import connect

_BYTES = 32
_PATIENCE_S = 5.0


class Issued(NamedTuple):
    """A token in the list: whose, since when (Unix s), and the first characters of its hash to name it by."""

    phone: str
    issued_at: int
    name: str


def issue_token(path: Path, phone: str) -> str:
    """Make a token for `phone` and answer its clear text, which is kept nowhere. Raises StoreUnavailable."""
    token = secrets.token_urlsafe(_BYTES)
    with closing(connect(path, _PATIENCE_S)) as db:
        db.execute(
            "INSERT INTO tokens (hash, phone, issued_at) VALUES (?, ?, ?)",
            (hash_of(token), phone, int(time.time())),
        )
    return token


def revoke_tokens(path: Path, phone: str) -> int:
    """Make all tokens of `phone` worthless; answers how many there were. Its sockets are closed within a second."""
    with closing(connect(path, _PATIENCE_S)) as db:
        return db.execute("DELETE FROM tokens WHERE phone = ?", (phone,)).rowcount


def list_tokens(path: Path) -> list[Issued]:
    """Every token that is good, oldest first."""
    with closing(connect(path, _PATIENCE_S)) as db:
        rows = db.execute("SELECT phone, issued_at, hash FROM tokens ORDER BY issued_at, phone").fetchall()
    return [Issued(phone, issued_at, digest.hex()[:8]) for phone, issued_at, digest in rows]


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def phone_of(db: sqlite3.Connection, token: str) -> str | None:
    """The phone that `token` was issued to, None if it is not good."""
    row = db.execute("SELECT phone FROM tokens WHERE hash = ?", (hash_of(token),)).fetchone()
    return None if row is None else row[0]
