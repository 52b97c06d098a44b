"""The store's tables. Each database fills in its own words for what it has by another name."""

VERSION = 1

TABLES = (
    """CREATE TABLE IF NOT EXISTS presses (
    id {number} PRIMARY KEY, key {text} NOT NULL UNIQUE, light TEXT NOT NULL, phone TEXT NOT NULL,
    payload TEXT NOT NULL, message {bytes} NOT NULL, boot TEXT NOT NULL, up {int} NOT NULL,
    word TEXT NOT NULL, reason TEXT, version TEXT, legs TEXT, asked_at {int} NOT NULL, closed_at {int}
){strict}""",
    "CREATE TABLE IF NOT EXISTS origins (origin {text} PRIMARY KEY, phone TEXT NOT NULL){compact}",
    """CREATE TABLE IF NOT EXISTS tokens (
    hash {bytes} PRIMARY KEY, phone TEXT NOT NULL, issued_at {int} NOT NULL
){compact}""",
    "CREATE TABLE IF NOT EXISTS forgotten (light {text} PRIMARY KEY, asked_at {int} NOT NULL, answer TEXT){compact}",
    "CREATE TABLE IF NOT EXISTS spoilt (id {number} PRIMARY KEY, kept TEXT NOT NULL){strict}",
    "CREATE TABLE IF NOT EXISTS token_times (hash {bytes} PRIMARY KEY, expires_at {int}, used_at {int}){compact}",
    """CREATE TABLE IF NOT EXISTS texts (
    digest {bytes} PRIMARY KEY, key {text} NOT NULL UNIQUE REFERENCES presses (key) ON DELETE CASCADE
){compact}""",
)
"""`number`: a whole number that counts up by itself; `text`: text compared byte by byte."""

FIELDS = "key, light, phone, payload, message, boot, up, word, reason, version, legs, asked_at"
"""What a press is stored with at first."""

OPEN = "('accepted', 'unconfirmed')"
"""The words that are not the last one."""


def wrong_version(version: int) -> str:
    """Say that the store was made by another presslight."""
    return f"it is of version {version}, this bridge reads {VERSION}"
