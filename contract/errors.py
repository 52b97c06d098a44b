"""Error codes: stable names that senders of bad input hear, each saying whether a retry makes sense.

The tree of exceptions::

    PresslightError
    └── ContractError          what came in is not of the contract; carries an ErrorCode
        ├── TooLarge           more bytes than the limit
        ├── Malformed          not JSON (or not the plain JSON a light reads)
        ├── UnknownType        a frame type that this version does not have
        └── Invalid            JSON, but a field is missing, of the wrong type or out of range
"""

from enum import IntEnum, StrEnum
from typing import ClassVar, NamedTuple

from pydantic import ValidationError


class ErrorCode(StrEnum):
    """Stable code of an error in a frame or a request. Callers branch on this, never on the text."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNAUTHENTICATED = "unauthenticated"
    HELLO_EXPECTED = "hello_expected"
    HELLO_AGAIN = "hello_again"
    HELLO_TIMEOUT = "hello_timeout"
    FORBIDDEN = "forbidden"
    UNKNOWN_LIGHT = "unknown_light"
    UNKNOWN_PRESS = "unknown_press"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    KEY_MISSING = "key_missing"
    KEY_REUSED = "key_reused"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_SOCKETS = "too_many_sockets"
    STORE_UNAVAILABLE = "store_unavailable"
    OVERLOADED = "overloaded"
    SLOW_PHONE = "slow_phone"
    SILENT_PHONE = "silent_phone"
    SHUTTING_DOWN = "shutting_down"
    REQUEST_TIMEOUT = "request_timeout"
    UPGRADE_REQUIRED = "upgrade_required"
    WRONG_HOST = "wrong_host"
    WRONG_ORIGIN = "wrong_origin"
    INTERNAL = "internal"


class CloseCode(IntEnum):
    """Why the bridge closed a phone's socket. 40xx, 1011 and 1012: reconnect. 41xx: do not, it will fail again."""

    INTERNAL = 1011
    RESTART = 1012
    SLOW = 4001
    SILENT = 4002
    HELLO_TIMEOUT = 4003
    OVERLOADED = 4004
    RATE_LIMITED = 4005
    UNAUTHENTICATED = 4101
    UNSUPPORTED_VERSION = 4102
    HELLO_EXPECTED = 4103
    ABUSE = 4104

    @property
    def reconnect(self) -> bool:
        """True where a phone should come back (with full jitter), False where it must ask its user first."""
        return self < CloseCode.UNAUTHENTICATED


class Meaning(NamedTuple):
    """The meaning of a code: a sentence for people, whether the same request may succeed later, the HTTP status."""

    message: str
    retry: bool
    http_status: int


MEANINGS: dict[ErrorCode, Meaning] = {
    ErrorCode.MALFORMED: Meaning("This cannot be read.", False, 400),
    ErrorCode.TOO_LARGE: Meaning("This is larger than the limit.", False, 413),
    ErrorCode.UNKNOWN_TYPE: Meaning("This protocol version has no frame of that type.", False, 400),
    ErrorCode.INVALID: Meaning("A field is missing, of the wrong type or out of range.", False, 422),
    ErrorCode.UNSUPPORTED_VERSION: Meaning("None of the offered protocol versions is spoken here.", False, 400),
    ErrorCode.UNAUTHENTICATED: Meaning("The token is not known here.", False, 401),
    ErrorCode.HELLO_EXPECTED: Meaning("The first frame must be a hello.", False, 400),
    ErrorCode.HELLO_AGAIN: Meaning("This socket has said hello already.", False, 400),
    ErrorCode.HELLO_TIMEOUT: Meaning("No hello came in time.", True, 408),
    ErrorCode.FORBIDDEN: Meaning("The key's origin belongs to another phone.", False, 403),
    ErrorCode.UNKNOWN_LIGHT: Meaning("There is no light of that name.", False, 404),
    ErrorCode.UNKNOWN_PRESS: Meaning("There is no press with that key.", False, 404),
    ErrorCode.NOT_FOUND: Meaning("There is nothing at this address.", False, 404),
    ErrorCode.METHOD_NOT_ALLOWED: Meaning("This address does not know that method.", False, 405),
    ErrorCode.KEY_MISSING: Meaning("The Idempotency-Key header is missing or not usable.", False, 400),
    ErrorCode.KEY_REUSED: Meaning("This key was used before with another payload.", False, 409),
    ErrorCode.RATE_LIMITED: Meaning("More at once than the limit; slow down.", True, 429),
    ErrorCode.TOO_MANY_SOCKETS: Meaning("This token has as many sockets open as it may.", True, 429),
    ErrorCode.STORE_UNAVAILABLE: Meaning("The press could not be stored, so it was not sent.", True, 503),
    ErrorCode.OVERLOADED: Meaning("The bridge has no room for this now.", True, 503),
    ErrorCode.SLOW_PHONE: Meaning("This phone read nothing for too long.", True, 503),
    ErrorCode.SILENT_PHONE: Meaning("This phone answered no ping for too long.", True, 503),
    ErrorCode.SHUTTING_DOWN: Meaning("The bridge is restarting.", True, 503),
    ErrorCode.REQUEST_TIMEOUT: Meaning("The request did not arrive in time.", True, 408),
    ErrorCode.UPGRADE_REQUIRED: Meaning("At this address only a WebSocket (version 13) is spoken.", False, 426),
    ErrorCode.WRONG_HOST: Meaning("The bridge is not known by that name; `up --allowed-host` adds one.", False, 421),
    ErrorCode.WRONG_ORIGIN: Meaning("A page from there may not ask; `up --allowed-host` adds its host.", False, 403),
    ErrorCode.INTERNAL: Meaning("The bridge made a mistake; whether this took effect is not known.", True, 500),
}


class PresslightError(Exception):
    """The base of every error that presslight raises on purpose."""


class ContractError(PresslightError, ValueError):
    """A message that breaks the contract; its sender is told `code`, the text says where it is wrong."""

    code: ClassVar[ErrorCode]


class TooLarge(ContractError):
    """More bytes than the limit."""

    code = ErrorCode.TOO_LARGE


class Malformed(ContractError):
    """Not JSON, or not the plain JSON that a light reads."""

    code = ErrorCode.MALFORMED


class UnknownType(ContractError):
    """A frame type that this version does not have."""

    code = ErrorCode.UNKNOWN_TYPE


class Invalid(ContractError):
    """JSON, but a field is missing, of the wrong type or out of range."""

    code = ErrorCode.INVALID


def sentence(error: BaseException) -> str:
    """A sentence for people on an error. One of the system names its file first, where there is one."""
    if isinstance(error, FileExistsError) and error.filename:  # of a folder that was to be made
        return f"{printable(error.filename)} is there already, and is no folder"
    if isinstance(error, OSError) and error.strerror:
        return f"{printable(error.filename)}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, UnicodeError):  # its own text may repeat a password
        return "a name or a text that is not UTF-8 cannot be used here"
    return str(error) or type(error).__name__


def printable(name: object) -> str:
    r"""A file's name on one line of any terminal: what is no UTF-8 or not printable is written as `\xff`."""
    text = name if isinstance(name, bytes) else str(name).encode(errors="surrogateescape")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text.decode(errors="backslashreplace")
    )


_MAX_WHERE, _MAX_WHAT = 80, 160
_TYPE_UNKNOWN = ("union_tag_invalid", "union_tag_not_found")


def refusal(error: ValidationError) -> ContractError:
    """Turn pydantic's first complaint into ours: where and what, cut short, as both may repeat the input."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where, what = ".".join(str(step) for step in found["loc"])[:_MAX_WHERE], found["msg"][:_MAX_WHAT]
    text = f"{where}: {what}" if where else what
    if found["type"] == "json_invalid":
        return Malformed(text)
    return UnknownType(text) if found["type"] in _TYPE_UNKNOWN else Invalid(text)
